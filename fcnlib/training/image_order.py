"""Which training image comes when, and what nets see of an image and learn from it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fcnlib.config.schema import Training
from fcnlib.core.generator import make_generator
from fcnlib.core.stopping import leave_stopping_to_parent
from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample, Samples
from fcnlib.models.fcn import FCN


def sample_order(count: int, images: int, *, seed: int, mirror: bool) -> tuple[Tensor, Tensor]:
    """Which image comes when, drawn with replacement as the released code does, and its flips."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randint(count, (images,), generator=generator)
    flips = torch.rand(images, generator=generator) < 0.5
    return order, flips & mirror


def sample_shifts(images: int, most: int, *, seed: int) -> Tensor:
    """How many pixels each image is shifted down and right [images, 2], `most` either way."""
    return torch.randint(-most, most + 1, (images, 2), generator=make_generator(seed, "jitter"))


class ImageOrder:
    """All images of a run in their order, turned and shifted by chances of their own.

    Runs of as many images of the same data and seed see the same ones in the same order.
    """

    def __init__(self, training: Training, net: FCN, data: PreparedDataset, *, seed: int) -> None:
        self.data, self.values, self.recipe = data, training.data, training.recipe
        names, images = data.ids(self.values.train), self.recipe.iterations * self.recipe.batch_size
        order, flips = sample_order(
            len(names), images, seed=seed, mirror=self.recipe.horizontal_flip
        )
        self.names, self.flips = [names[i] for i in order], flips
        self.shifts = sample_shifts(images, self.recipe.random_shift, seed=seed)
        self.mask = input_mask(self.values.train_mask, net, data, self.values.tasks[0])
        self.blank = net.blank().tolist()

    @property
    def digest(self) -> str:
        """A hash of which images come in which order, and of nothing else of a run."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()

    @contextmanager
    def drawn(self, done: int) -> Iterator[Iterator[Sample]]:
        """The samples after the first `done`, which workers read ahead of their use."""
        samples = Samples(
            self.data,
            self.names[done:],
            self.flips[done:].tolist(),
            inputs=self.values.inputs,
            tasks=self.values.tasks,
            mask=self.mask,
            shifts=self.shifts[done:].tolist() if self.recipe.random_shift else (),
            blank=self.blank,
        )
        loader = DataLoader(
            samples,
            batch_size=None,
            num_workers=self.recipe.workers,
            # Of its own, as a loader draws a number on starting and a resumed run starts one more.
            generator=torch.Generator(),
            worker_init_fn=leave_stopping_to_parent,
        )
        reading: Any = iter(loader)
        try:
            yield reading
        finally:
            if self.recipe.workers:  # Python ends them by a signal that they do not hear
                reading._shutdown_workers()
