"""A model or a bound against the truth: scores, counts per image, costs, as files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnlib.config import Net
from fcnlib.counting import TASK, bounds, confusions
from fcnlib.datasets.prepared import Prepared
from fcnlib.errors import InputError
from fcnlib.files import replacing, write_json
from fcnlib.metrics import class_iu, scores
from fcnlib.models.architecture import architecture
from fcnlib.models.fcn import build_fcn
from fcnlib.timing import forward_milliseconds
from fcnlib.torchscript import about, load

FORWARD_RUNS = 20  # as the paper's Table 1


def evaluate(
    model: Path,
    *,
    dataset: Path,
    split: str,
    metrics: Path,
    counts: Path,
    device: str,
    facts: dict[str, Any],
    side: int | None = None,
) -> None:
    """Score an exported model on a split; writes `metrics` (.json) and `counts` (.npz).

    Forward time is that of an image of `side` x `side` pixels, or of the split's first.
    """
    data, segment, known = Prepared(dataset), load(model, device=device), about(model)
    classes = list(data.info.tasks[TASK])
    if list(known["classes"]) != classes:
        raise InputError(
            f"{model}: knows {len(known['classes'])} classes ({known['classes'][0]}, ...); "
            f"expected the {len(classes)} of {dataset}"
        )
    per_image = confusions(segment, data, split, device=device)
    size = (side, side) if side else data.size(data.ids(split)[0])
    image = torch.zeros(1, 3, *size, dtype=torch.uint8, device=device)
    forward = forward_milliseconds(segment, image, device=device, runs=FORWARD_RUNS)
    facts = {
        **facts,
        "parameters": known["parameters"],
        "best_iteration": known["best_iteration"],
        "costs": {
            "forward_ms": fmean(forward),
            **full_width(known["net"], len(classes)),
        },
        "forward_size": size,
        "runs_ms": {"forward": forward},
    }
    _write(per_image, data, split, metrics, counts, facts)


def full_width(net: Mapping[str, Any], classes: int) -> dict[str, int]:
    """What Table 1 says of a net besides its score and time, for its published width and borders.

    From its layers alone: no weight is made.
    """
    published = {**net, "width": 1.0, "padding": None, "fc6_kernel": None}
    values = Net.model_validate(published).model_dump(exclude={"start_from"})
    with torch.device("meta"):
        return asdict(architecture(build_fcn(**values, classes=classes)))


def evaluate_bound(
    factor: int, *, dataset: Path, split: str, metrics: Path, counts: Path, facts: dict[str, Any]
) -> None:
    """Score the true labels seen through cells of `factor` pixels, in the same two files."""
    data = Prepared(dataset)
    _write(bounds(data, split, factor=factor), data, split, metrics, counts, facts)


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
    empty = dict.fromkeys(("parameters", "best_iteration", "forward_size"))
    content = {
        **empty,
        "costs": {},
        **facts,
        "dataset": data.info.name,
        "split": split,
        "images": len(per_image),
        "tasks": {TASK: {**scores(total), "class_iu": ious}},
    }
    write_json(metrics, content)
