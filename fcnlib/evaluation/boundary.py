"""Boundary IU: how well labels follow the outlines of what they label.

Of Cheng, Girshick, Dollár, Berg and Kirillov, "Boundary IoU", CVPR 2021: the intersection over
union of the pixels of a class within a band inside its outline, in the truth and in the
prediction. The band is given in pixels here, and its distance is that of the released code: d
erosions by 3 x 3, for which all beyond the image is no part of the class. Void pixels are of no
class in either.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Labels = NDArray[np.uint8]
OUTSIDE = -1


def boundary_counts(predicted: Labels, truth: Labels, classes: int, band: int) -> NDArray[np.int64]:
    """Pixels in bands of `band` pixels by class, [3, classes]: in both, of truth, of prediction.

    Counts of several images add up; `boundary_iu` makes the score of them.
    """
    void = truth >= classes
    true = np.where(void, classes, truth).astype(np.int16)
    ours = np.where(void, classes, predicted).astype(np.int16)
    in_true, in_ours = _near_outline(true, band), _near_outline(ours, band)

    def count(pixels: NDArray[np.bool_], labels: NDArray[np.int16]) -> NDArray[np.int64]:
        return np.bincount(labels[pixels], minlength=classes + 1)[:classes]

    both = in_true & in_ours & (true == ours)
    return np.stack([count(both, true), count(in_true, true), count(in_ours, ours)])


def boundary_iu(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The boundary IU of each class, of counts [3, classes]; nan of one that never occurs."""
    both, true, ours = counts.astype(np.float64)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = both / (true + ours - both)
    return found


def mean_boundary_iu(counts: NDArray[np.int64]) -> float:
    """Its mean over the classes that occur in the truth, as of the mean IU; nan without any."""
    occurs = counts[1] > 0
    return float(boundary_iu(counts)[occurs].mean()) if occurs.any() else float("nan")


def _near_outline(labels: NDArray[np.int16], band: int) -> NDArray[np.bool_]:
    """Pixels with one of another label, or none, in the square of `band` pixels around them."""
    side = 2 * band + 1
    highest = ndimage.maximum_filter(labels, side, mode="constant", cval=OUTSIDE)
    lowest = ndimage.minimum_filter(labels, side, mode="constant", cval=OUTSIDE)
    near: NDArray[np.bool_] = highest != lowest
    return near
