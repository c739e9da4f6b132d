"""Confusion counts and the scores that are functions of them (section 5).

Scores use only what tensors and NumPy arrays share, and torch is not imported here: every step of
the report checks the counts that it reads, and would otherwise take a second longer.
"""

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fcnlib.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    AnyLabels = Tensor | NDArray[Any]


def confusion(predicted: "AnyLabels", truth: "AnyLabels", classes: int) -> "Tensor":
    """Count pixels by (true class, predicted class), as int64 [classes, classes].

    Takes label maps of any equal shape. Pixels whose truth is `classes` or more (such as 255, void)
    are left out; a prediction of no class, or a negative label, is an error.
    """
    import torch

    truth = torch.as_tensor(truth).flatten().long()
    predicted = torch.as_tensor(predicted).flatten().long()
    valid = truth < classes
    known = truth[valid]
    for labels, what in ((predicted, "predicted class"), (known, "true class")):
        lowest, highest = labels.aminmax() if labels.numel() else (0, 0)
        if lowest < 0 or highest >= classes:
            odd = int(lowest if lowest < 0 else highest)
            raise InputError(f"{what} {odd}; expected 0..{classes - 1}")
    index = known * classes + predicted[valid]
    return torch.bincount(index, minlength=classes * classes).view(classes, classes)


def pixel_accuracy(counts: "Tensor") -> float:
    """The share of pixels with the right class, of counts [classes, classes]."""
    return (counts.diagonal().sum() / counts.sum()).item()


def mean_accuracy(counts: "Tensor") -> float:
    """The share of right pixels per true class, averaged over the classes that occur.

    Of counts [classes, classes].
    """
    return _mean(counts.diagonal() / counts.sum(1))


def class_iu(counts: "Tensor") -> "Tensor":
    """Intersection over union per class [classes]; nan for a class that never occurs."""
    correct = counts.diagonal()
    return correct / (counts.sum(0) + counts.sum(1) - correct)


def mean_iu(counts: "Tensor", classes: "Tensor | None" = None) -> float:
    """Intersection over union of counts [classes, classes], averaged over the classes that occur.

    That is in truth or in prediction, as in the released code; `mean_iu(counts, counts.sum(1) > 0)`
    is that of the tables, over the classes that occur in truth.

    Args:
        counts: As `confusion` gives them.
        classes: Which classes to average over, bool [classes].
    """
    ious = class_iu(counts)
    if classes is not None:
        ious[~classes] = math.nan
    return _mean(ious)


def frequency_weighted_iu(counts: "Tensor") -> float:
    """Intersection over union, weighted by each class's share of the true pixels.

    Of counts [classes, classes].
    """
    share = counts.sum(1) / counts.sum()
    return _sum(share * class_iu(counts)).item()


def mean_iu_of_truth(counts: "Tensor") -> float:
    """Mean IU over the classes that occur in the truth, as in footnote 6."""
    return mean_iu(counts, counts.sum(1) > 0)


def mean_iu_without_background(counts: "Tensor") -> float:
    """Mean IU without that of class 0, whose pixels count all the same."""
    objects = counts.sum(1) > 0
    objects[0] = False
    return mean_iu(counts, objects)


def mean_iu_foreground_truth(counts: "Tensor") -> float:
    """Mean IU of the pixels that are truly of an object, though background may be chosen."""
    of_objects = deepcopy(counts)
    of_objects[0] = 0
    return mean_iu_without_background(of_objects)


def background_accuracy(counts: "Tensor") -> float:
    """The share of the pixels of class 0 that are labelled so."""
    return (counts[0, 0] / counts[0].sum()).item()


def background_share(counts: "Tensor") -> float:
    """The share of the pixels that are truly of class 0; no score."""
    return (counts[0].sum() / counts.sum()).item()


def _mean(values: "Tensor") -> float:
    """The mean without nan; in `values`, nan becomes 0."""
    count = (values == values).sum()
    return (_sum(values) / count).item()


def _sum(values: "Tensor") -> "Tensor":
    """The sum without nan; in `values`, nan becomes 0."""
    values[values != values] = 0
    return values.sum()


METRICS = {
    "pixel_accuracy": pixel_accuracy,
    "mean_accuracy": mean_accuracy,
    "mean_iu": mean_iu_of_truth,
    "frequency_weighted_iu": frequency_weighted_iu,
}
# Other readings of mean IU where class 0 is background (of PASCAL-Context: all other pixels).
WITH_BACKGROUND = {
    "mean_iu_without_background": mean_iu_without_background,
    "mean_iu_foreground_truth": mean_iu_foreground_truth,
    "background_accuracy": background_accuracy,
}


def scores(counts: "Tensor", *, background: bool = False) -> dict[str, float]:
    """The paper's four scores, and the readings of mean IU where class 0 is a background."""
    metrics = METRICS | WITH_BACKGROUND if background else METRICS
    return {name: metric(counts) for name, metric in metrics.items()}
