"""A model's labels against the truth: confusion counts per image, scores, forward time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnlib.datasets.prepared import Prepared
from fcnlib.files import replacing, write_json
from fcnlib.metrics import class_iu, coarse, confusion, scores
from fcnlib.progress import progress

# Raw RGB bytes [1, 3, H, W] -> labels [1, H, W].
Segment = Callable[[Tensor], Tensor]
TASK = "semantic"


def confusions(segment: Segment, dataset: Prepared, split: str, *, device: str) -> Tensor:
    """Counts per image of the split, int64 [images, classes, classes]; truth by row."""
    classes = len(dataset.info.tasks[TASK])
    counts = []
    for name in progress(dataset.ids(split), desc=split, unit="img"):
        image = torch.from_numpy(dataset.image(name)).permute(2, 0, 1)[None].to(device)
        with torch.inference_mode():
            predicted = segment(image)[0].cpu()
        counts.append(confusion(predicted, torch.from_numpy(dataset.label(name, TASK)), classes))
    return torch.stack(counts)


def bounds(dataset: Prepared, split: str, *, factor: int) -> Tensor:
    """Counts per image of the best labels at this stride, int64 [images, classes, classes]."""
    classes = len(dataset.info.tasks[TASK])
    truths = (torch.from_numpy(dataset.label(name, TASK)) for name in dataset.ids(split))
    return torch.stack([confusion(coarse(t, factor, classes), t, classes) for t in truths])


def forward_time(segment: Segment, size: tuple[int, int], *, device: str, runs: int = 20) -> float:
    """Milliseconds for one image of [height, width], the mean over `runs` after a warm-up."""
    image = torch.zeros(1, 3, *size, dtype=torch.uint8, device=device)

    def finished() -> float:
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return time.perf_counter()

    with torch.inference_mode():
        for _ in range(3):
            segment(image)
        start = finished()
        for _ in range(runs):
            segment(image)
        return (finished() - start) / runs * 1000


def write_metrics(
    counts: Tensor,
    ids: list[str],
    path: Path,
    counts_path: Path,
    **facts: Any,
) -> None:
    """The scores of the summed counts as JSON, with `facts`, and the counts per image as .npz."""
    total = counts.sum(0)
    per_class = [None if iu != iu else iu for iu in class_iu(total).tolist()]
    with replacing(counts_path) as temporary:
        arrays: dict[str, Any] = {"ids": np.array(ids), TASK: counts.numpy()}
        np.savez_compressed(temporary, **arrays)
    tasks = {TASK: {**scores(total), "class_iu": per_class}}
    write_json(path, {**facts, "images": len(ids), "tasks": tasks})
