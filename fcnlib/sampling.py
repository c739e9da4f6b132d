"""Which training image comes when, and what nets see of an image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fcnlib.datasets.prepared import Prepared
from fcnlib.masking import NOTHING_HIDDEN, Hiding

Sample = tuple[Tensor, dict[str, Tensor]]  # [C, H, W], and each task's labels [H, W]


def draw_order(count: int, images: int, *, seed: int, mirror: bool) -> tuple[Tensor, Tensor]:
    """Which image comes when, drawn with replacement as the released code does, and its flips."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randint(count, (images,), generator=generator)
    flips = torch.rand(images, generator=generator) < 0.5
    return order, flips & mirror


def as_tensor(stack: NDArray[Any]) -> Tensor:
    """Channels [C, H, W] as a tensor whose channels lie side by side: nets are fastest on those."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(stack, 0, 2))).permute(2, 0, 1)


class Samples(Dataset[Sample]):
    """Training samples in a fixed order: the inputs [C, H, W] and each task's labels [H, W]."""

    def __init__(
        self,
        dataset: Prepared,
        names: Sequence[str],
        mirrored: Sequence[bool],
        *,
        inputs: Sequence[str] = ("rgb",),
        tasks: Sequence[str] = ("semantic",),
        hidden: Hiding = NOTHING_HIDDEN,
    ) -> None:
        self.dataset, self.names, self.mirrored = dataset, names, mirrored
        self.inputs, self.tasks, self.hidden = inputs, tasks, hidden

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, position: int) -> Sample:
        stack, labels = self.dataset.sample(self.names[position], self.inputs, self.tasks)
        stack = self.hidden.applied(stack, labels[self.tasks[0]])
        if self.mirrored[position]:
            stack = stack[..., ::-1]
            labels = {task: label[:, ::-1] for task, label in labels.items()}
        return as_tensor(stack), {
            task: torch.from_numpy(np.ascontiguousarray(label)).long()
            for task, label in labels.items()
        }
