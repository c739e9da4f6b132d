"""The images that a net is trained on: all of a split, or a share of them."""

import torch

from fcnlib.config.schema_data import Data
from fcnlib.core.errors import InputError
from fcnlib.core.generator import make_generator
from fcnlib.datasets.reader import PreparedDataset


def training_ids(dataset: PreparedDataset, data: Data, seed: int) -> list[str]:
    """The IDs, in the order of the split; those of a smaller share are among a larger one's."""
    ids = dataset.ids(data.train)
    if data.train_share == 1:
        return ids
    count = data.training_images(len(ids))
    if count < 1:
        raise InputError(
            f"train_share: {data.train_share:g} of the {len(ids)} images of split {data.train} "
            "leaves none; expected a larger share"
        )
    order = torch.randperm(len(ids), generator=make_generator(seed, "train_share"))
    return [ids[index] for index in sorted(order[:count].tolist())]
