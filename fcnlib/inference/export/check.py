"""An exported file against the net that it was made of, on images of several sizes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.core.errors import InputError, first_line
from fcnlib.inference.export.portable import example_image, output_name
from fcnlib.models.fcn import FCN, labels_of

TOLERANCE = 1e-4  # of the scores' range, for sums in another order
# Beyond the smallest side: rows, columns; and images at once. Remainders of 32 that differ.
SIZES = ((0, 0, 1), (31, 1, 1), (16, 47, 2), (64, 33, 3))


@dataclass(frozen=True)
class Agreement:
    """How the outputs of a file compare with the net's."""

    sizes: tuple[str, ...]
    pixels: int  # labels compared
    near_ties: int  # labels that differ where two scores are equal up to rounding
    difference: float  # the largest of the scores, as a share of their range

    def __str__(self) -> str:
        labels = f"labels equal on {self.pixels} pixels"
        if self.near_ties:
            labels = f"labels equal but for {self.near_ties} near-ties of {self.pixels} pixels"
        sizes = ", ".join(self.sizes)
        return f"{labels}; scores differ by {self.difference:.1e} of their range at most ({sizes})"


def check_agreement(net: FCN, run: Callable[[Tensor], dict[str, Tensor]]) -> Agreement:
    """Compare what `run` computes with the net; InputError if it is not the same up to rounding."""
    generator = torch.Generator().manual_seed(0)
    found = [_compare(net, run, _images(net, size, generator)) for size in SIZES]
    return Agreement(
        tuple(size for each in found for size in each.sizes),
        sum(each.pixels for each in found),
        sum(each.near_ties for each in found),
        max(each.difference for each in found),
    )


def _images(net: FCN, size: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """Raw channels of coloured patches under noise, of `size` beyond the smallest side."""
    example, (rows, columns, count) = example_image(net), size
    height, width = net.smallest_side + rows, net.smallest_side + columns
    shape = (count, example.shape[1], height // 16 + 1, width // 16 + 1)
    patches = torch.randint(0, 200, shape, generator=generator).float()
    images = functional.interpolate(patches, size=(height, width))
    return (images + torch.randint(0, 56, images.shape, generator=generator)).to(example.dtype)


def _compare(net: FCN, run: Callable[[Tensor], dict[str, Tensor]], images: Tensor) -> Agreement:
    count, _, height, width = images.shape
    size = (f"{count} images of " if count > 1 else "") + f"{height} x {width}"
    with torch.inference_mode():
        expected = net.split(net(net.normalise(images)))
        try:
            found = run(images)
        except Exception as error:  # each runtime has its own
            raise InputError(f"of {size}: {first_line(error)}; expected the net's") from None
    pixels = near_ties = 0
    difference = 0.0
    for task, scores in expected.items():
        theirs, labels = (found[output_name(k, task, expected)] for k in ("scores", "labels"))
        if theirs.shape != scores.shape or labels.shape != scores[:, 0].shape:
            raise InputError(f"of {size}: scores of {list(theirs.shape)}; expected the net's")
        apart = (theirs - scores).abs().max()
        scale = (scores.max() - scores.min()).clamp(min=1e-30)
        other = labels != labels_of(scores)
        ties = other & (_lead(scores) <= 2 * apart)
        if not apart <= TOLERANCE * scale or bool((other & ~ties).any()):  # also of nan
            share = (apart / scale).item()
            raise InputError(
                f"of {size}: {int(other.sum())} labels and {share:.1e} of the scores' range "
                "differ; expected the net's"
            )
        pixels, near_ties = pixels + labels.numel(), near_ties + int(ties.sum())
        difference = max(difference, (apart / scale).item())
    return Agreement((size,), pixels, near_ties, difference)


def _lead(scores: Tensor) -> Tensor:
    """By how much the best score of each pixel leads, [N, H, W]; of one class: endlessly."""
    if scores.shape[1] == 1:
        return torch.full_like(scores[:, 0], torch.inf)
    best = scores.topk(2, dim=1).values
    return best[:, 0] - best[:, 1]
