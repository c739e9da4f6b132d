"""Confusion counts of every image of a split."""

from collections.abc import Callable

import torch
from torch import Tensor

from fcnlib.datasets.prepared import Prepared
from fcnlib.metrics import coarse, confusion
from fcnlib.progress import progress

# Raw RGB bytes [1, 3, H, W] -> labels [1, H, W].
Segment = Callable[[Tensor], Tensor]
TASK = "semantic"


def confusions(
    segment: Segment, dataset: Prepared, split: str, *, device: str, bar: bool = True
) -> Tensor:
    """Counts per image of the split, int64 [images, classes, classes]; truth by row."""
    classes = len(dataset.info.tasks[TASK])
    counts = []
    ids = dataset.ids(split)
    for name in progress(ids, desc=split, unit="img") if bar else ids:
        pixels, labels = dataset.pair(name, TASK)
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(device)
        with torch.inference_mode():
            predicted = segment(image)[0].cpu()
        counts.append(confusion(predicted, torch.from_numpy(labels), classes))
    return torch.stack(counts)


def bounds(dataset: Prepared, split: str, *, factor: int) -> Tensor:
    """Counts per image of the best labels at this stride, int64 [images, classes, classes]."""
    classes = len(dataset.info.tasks[TASK])
    truths = (torch.from_numpy(dataset.label(name, TASK)) for name in dataset.ids(split))
    return torch.stack([confusion(coarse(t, factor, classes), t, classes) for t in truths])
