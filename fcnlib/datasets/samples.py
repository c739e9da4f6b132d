"""Training samples: a net's inputs and labels as tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnlib.datasets.crops import Crop, crop_image, crop_label
from fcnlib.datasets.images import VOID
from fcnlib.datasets.masking import NO_MASK, InputMask
from fcnlib.datasets.reader import PreparedDataset

Sample = tuple[Tensor, dict[str, Tensor]]  # [C, H, W], and each task's labels [H, W]


def shifted(pixels: NDArray[Any], down: int, right: int, fill: Any) -> NDArray[Any]:
    """Channels [C, H, W] or labels [H, W] moved within their frame, the border filled."""
    height, width = pixels.shape[-2:]
    down = max(-height, min(height, down))  # at most out of the frame
    right = max(-width, min(width, right))
    moved = np.empty_like(pixels)
    moved[...] = fill
    moved[..., max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = (
        pixels[..., max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    )
    return moved


def as_tensor(stack: NDArray[Any]) -> Tensor:
    """Channels [C, H, W] as a tensor in channels-last order, in which nets are fastest."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(stack, 0, 2))).permute(2, 0, 1)


def as_labels(label: NDArray[Any]) -> Tensor:
    """Labels [H, W] as int64."""
    return torch.from_numpy(np.ascontiguousarray(label, np.int64))


def as_batch(samples: Sequence[Sample]) -> Sample:
    """Samples of one size as a batch: [N, C, H, W] channels last, and labels [N, H, W] by task."""
    images = torch.stack([image for image, _ in samples])
    tasks = samples[0][1]
    return images.contiguous(memory_format=torch.channels_last), {
        task: torch.stack([labels[task] for _, labels in samples]) for task in tasks
    }


class SampleReader:
    """Reads training samples: the inputs [C, H, W] and each task's labels [H, W] of an image.

    Args:
        dataset: The data set.
        inputs: What to stack, in order: `rgb`, `depth`, `hha`.
        tasks: Tasks whose labels to read; the first one's label masks.
        mask: What of the inputs to mask.
        blank: Value of each raw channel outside the image of shifted and cropped samples, rounded;
            their labels are void there.
    """

    def __init__(
        self,
        dataset: PreparedDataset,
        *,
        inputs: Sequence[str] = ("rgb",),
        tasks: Sequence[str] = ("semantic",),
        mask: InputMask = NO_MASK,
        blank: Sequence[float] = (),
    ) -> None:
        self.dataset, self.inputs, self.tasks, self.mask = dataset, inputs, tasks, mask
        self.border = np.round(blank)[:, None, None]

    def read(
        self,
        name: str,
        *,
        flipped: bool = False,
        shift: Sequence[int] = (),
        crop: Crop | None = None,
    ) -> Sample:
        """The sample of an image.

        Args:
            name: Its ID.
            flipped: Whether it is flipped from left to right.
            shift: Rows down and columns right that it is moved; empty for none.
            crop: The part of the shifted image to show; None: all of it.
        """
        stack, labels = self.dataset.sample(name, self.inputs, self.tasks)
        stack = self.mask.apply(stack, labels[self.tasks[0]])
        if flipped:
            stack = stack[..., ::-1]
            labels = {task: label[:, ::-1] for task, label in labels.items()}
        if shift:
            down, right = shift
            stack = shifted(stack, down, right, self.border)
            labels = {task: shifted(each, down, right, VOID) for task, each in labels.items()}
        image, truth = as_tensor(stack), {task: as_labels(each) for task, each in labels.items()}
        if crop is None:
            return image, truth
        # What is masked keeps the value that normalises to 0.
        has_colours = self.inputs[0] == "rgb" and self.mask.kind == "none"
        return (
            crop_image(image, crop, has_colours=has_colours, blank=self.border.flatten().tolist()),
            {task: crop_label(each, crop) for task, each in truth.items()},
        )
