"""Which training image comes when."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from fcnlib.datasets.prepared import Prepared


def draw_order(count: int, images: int, *, seed: int, mirror: bool) -> tuple[Tensor, Tensor]:
    """Which image comes when, drawn with replacement as the released code does, and its flips."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randint(count, (images,), generator=generator)
    flips = torch.rand(images, generator=generator) < 0.5
    return order, flips & mirror


class Pairs(Dataset[tuple[Tensor, Tensor]]):
    """Training pairs in a fixed order: image bytes [3, H, W] and labels [H, W]."""

    def __init__(self, dataset: Prepared, names: Sequence[str], mirrored: Sequence[bool]) -> None:
        self.dataset, self.names, self.mirrored = dataset, names, mirrored

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, position: int) -> tuple[Tensor, Tensor]:
        name = self.names[position]
        image, label = self.dataset.pair(name)
        if self.mirrored[position]:
            image, label = image[:, ::-1], label[:, ::-1]
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        return pixels, torch.from_numpy(np.ascontiguousarray(label)).long()
