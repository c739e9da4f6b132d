"""A model or a bound against the truth: scores, counts per image, forward time, as files."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnlib.counting import TASK, bounds, confusions
from fcnlib.datasets.prepared import Prepared
from fcnlib.errors import InputError
from fcnlib.files import replacing, write_json
from fcnlib.metrics import class_iu, scores
from fcnlib.torchscript import about, load


def evaluate(
    model: Path,
    *,
    dataset: Path,
    split: str,
    metrics: Path,
    counts: Path,
    device: str,
    facts: dict[str, Any],
) -> None:
    """Score an exported model on a split; writes `metrics` (.json) and `counts` (.npz)."""
    data, segment, known = Prepared(dataset), load(model, device=device), about(model)
    classes = list(data.info.tasks[TASK])
    if list(known["classes"]) != classes:
        raise InputError(
            f"{model}: knows {len(known['classes'])} classes ({known['classes'][0]}, ...); "
            f"expected the {len(classes)} of {dataset}"
        )
    per_image = confusions(segment, data, split, device=device)
    size = data.size(data.ids(split)[0])
    facts = {
        **facts,
        "parameters": known["parameters"],
        "best_iteration": known["best_iteration"],
        "forward_ms": forward_time(segment, size, device=device),
        "forward_size": size,
    }
    _write(per_image, data, split, metrics, counts, facts)


def evaluate_bound(
    factor: int, *, dataset: Path, split: str, metrics: Path, counts: Path, facts: dict[str, Any]
) -> None:
    """Score the true labels seen through cells of `factor` pixels, in the same two files."""
    data = Prepared(dataset)
    _write(bounds(data, split, factor=factor), data, split, metrics, counts, facts)


def forward_time(
    segment: Callable[[Tensor], Tensor], size: tuple[int, int], *, device: str, runs: int = 20
) -> float:
    """Milliseconds for one image of [height, width], the mean over `runs` after a warm-up."""
    image = torch.zeros(1, 3, *size, dtype=torch.uint8, device=device)

    def now() -> float:
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return time.perf_counter()

    with torch.inference_mode():
        for _ in range(3):
            segment(image)
        start = now()
        for _ in range(runs):
            segment(image)
        return (now() - start) / runs * 1000


def _write(
    per_image: Tensor,
    data: Prepared,
    split: str,
    metrics: Path,
    counts: Path,
    facts: dict[str, Any],
) -> None:
    total = per_image.sum(0)
    ious = [None if iu != iu else iu for iu in class_iu(total).tolist()]
    arrays: dict[str, Any] = {"ids": np.array(data.ids(split)), TASK: per_image.numpy()}
    with replacing(counts) as temporary:
        np.savez_compressed(temporary, **arrays)
    empty = {"parameters": None, "best_iteration": None, "forward_ms": None, "forward_size": None}
    content = {
        **empty,
        **facts,
        "dataset": data.info.name,
        "split": split,
        "images": len(per_image),
        "tasks": {TASK: {**scores(total), "class_iu": ious}},
    }
    write_json(metrics, content)
