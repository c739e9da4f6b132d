"""The order of a training's images, and how each is flipped, shifted and cropped."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

import torch
from torch import Tensor

from fcnlib.config.schema_nets import Training
from fcnlib.core.generator import make_generator
from fcnlib.core.parallel import read_ahead
from fcnlib.core.transfer import pinned
from fcnlib.datasets.crops import sample_crop
from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample, SampleReader, as_batch
from fcnlib.models.fcn import FCN
from fcnlib.training.training_ids import training_ids

HASHED_TOGETHER = 2**16  # names, of which there may be millions


def sample_order(
    dataset_size: int, images: int, *, seed: int, horizontal_flip: bool
) -> tuple[Tensor, Tensor]:
    """The index of each image, int64 [images], and whether it is flipped, bool [images].

    Images are sampled with replacement, as in the released code.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randint(dataset_size, (images,), generator=generator)
    # Sampled in any case, so that the same images come with and without flips.
    flips = torch.rand(images, generator=generator) < 0.5
    return order, flips & horizontal_flip


def sample_shifts(images: int, most: int, *, seed: int) -> Tensor:
    """The pixels that each image is shifted down and right, [images, 2], `most` either way."""
    return torch.randint(-most, most + 1, (images, 2), generator=make_generator(seed, "jitter"))


class ImageOrder:
    """All images of a training in their order, with their flips, shifts and crops.

    Trainings of as many images of the same data and seed see the same ones in the same order,
    whatever their batch size.

    Args:
        config: The data, and the recipe's flips, shifts and crops.
        net: The net, whose raw value of nothing fills borders.
        dataset: The data set.
        seed: Of the order and of all that is random in it.
        device: Where the net computes.
    """

    def __init__(
        self,
        config: Training,
        net: FCN,
        dataset: PreparedDataset,
        *,
        seed: int,
        device: str = "cpu",
    ) -> None:
        data, self.recipe, self.seed, self.device = config.data, config.recipe, seed, device
        images = self.recipe.iterations * self.recipe.batch_size
        self.ids = training_ids(dataset, data, seed)
        self.order, self.flips = sample_order(
            len(self.ids), images, seed=seed, horizontal_flip=self.recipe.horizontal_flip
        )
        self.shifts = sample_shifts(images, self.recipe.random_shift, seed=seed)
        self.reader = SampleReader(
            dataset,
            inputs=data.inputs,
            tasks=data.tasks,
            mask=input_mask(data.train_mask, net, dataset, data.tasks[0]),
            blank=net.blank().tolist(),
        )

    @property
    def digest(self) -> str:
        """A hash of which images come in which order, and of nothing else of a training."""
        digest, separator = hashlib.sha256(), ""
        for indices in torch.split(self.order, HASHED_TOGETHER):
            names = "\n".join([self.ids[index] for index in indices.tolist()])
            digest.update(f"{separator}{names}".encode())
            separator = "\n"
        return digest.hexdigest()

    def sample(self, position: int) -> Sample:
        """The image at a position of the order, flipped, shifted and cropped."""
        return self.reader.read(
            self.ids[int(self.order[position])],
            flipped=bool(self.flips[position]),
            shift=self.shifts[position].tolist() if self.recipe.random_shift else (),
            crop=sample_crop(self.recipe, make_generator(self.seed, f"crop {position}")),
        )

    def computed_at_once(self, position: int) -> Sample:
        """The images from a position on that the net computes together: one, or a batch of crops.

        They lie where the device copies them from without being waited for.
        """
        at_once = range(position, position + self.recipe.images_at_once)
        samples = [self.sample(each) for each in at_once]
        image, labels = samples[0] if len(samples) == 1 else as_batch(samples)
        return pinned(image, self.device), {
            task: pinned(each, self.device) for task, each in labels.items()
        }

    @contextmanager
    def samples_from(self, position: int) -> Iterator[Iterator[Sample]]:
        """All that is computed at once from `position` on; workers read a little of it ahead.

        These are threads: processes would hand images over in shared memory, of which a container
        has little, and a killed one would be waited for.
        """
        positions = range(position, len(self.order), self.recipe.images_at_once)
        with closing(read_ahead(self.computed_at_once, positions, self.recipe.workers)) as read:
            yield read
