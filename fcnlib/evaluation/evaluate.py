"""A model or a bound against the truth: scores, counts per image, costs, as files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnlib.config.schema import Net, Oracle
from fcnlib.config.schema_data import CHANNELS, Mask
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, write_json
from fcnlib.datasets.masking import has_background, input_mask, require_background
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.confusion import (
    FOREGROUND,
    TASK,
    Segment,
    bounds,
    confusions,
)
from fcnlib.evaluation.metrics import class_iu, mean_iu_of_truth, scores
from fcnlib.evaluation.timing import forward_milliseconds
from fcnlib.inference.torchscript import about, load
from fcnlib.models.fcn import build_fcn, labels_of
from fcnlib.models.summary import architecture

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
    foreground: bool = False,
    mask: Mask = "none",
) -> None:
    """Score a trained net on a split; writes `metrics` (.json) and `counts` (.npz).

    Forward time is that of an image of `side` x `side` pixels, or of the split's first.
    `foreground` also counts the first task's objects, with background out of truth and choice;
    `mask` is what of the model's input is masked.
    """
    data, net, known = PreparedDataset(dataset), load(model, device=device), about(model)
    tasks, inputs = {task: len(names) for task, names in known["classes"].items()}, known["inputs"]
    _check(known, data, model)
    first = next(iter(tasks))
    if foreground:
        require_background(data, first, "foreground")
    per_image = confusions(
        _labels(net, tasks, foreground),
        data,
        split,
        inputs=inputs,
        tasks=[*tasks],
        device=device,
        mask=input_mask(mask, net, data, first),
    )
    size = (side, side) if side else data.size(data.ids(split)[0])
    kind = torch.int32 if "depth" in inputs else torch.uint8
    channels = sum(CHANNELS[name] for name in inputs)
    image = torch.zeros(1, channels, *size, dtype=kind, device=device)
    forward = forward_milliseconds(net, image, device=device, runs=FORWARD_RUNS)
    facts = {
        **facts,
        "parameters": known["parameters"],
        "best_iteration": known["best_iteration"],
        "diverged_at": known.get("diverged_at"),
        "trained_on": _machine(known),
        "costs": {
            "forward_ms": fmean(forward),
            "training_s": known.get("seconds"),
            "training_loss": known.get("loss"),
            **full_width(known["net"], tasks),
        },
        "forward_size": size,
        "runs_ms": {"forward": forward},
    }
    scored = {task: _scored(task, each.sum(0), data) for task, each in per_image.items()}
    _write(per_image, scored, data, split, metrics, counts, facts)


def _check(known: Mapping[str, Any], data: PreparedDataset, model: Path) -> None:
    """Raise unless the data set has what the model sees, and the classes that it knows."""
    if lacking := [name for name in known["inputs"] if name not in data.inputs]:
        raise InputError(f"{model}: sees {lacking[0]}; {data.root} has {', '.join(data.inputs)}")
    for task, names in known["classes"].items():
        if task not in data.info.tasks:
            raise InputError(f"{model}: knows {task}; {data.root} has {', '.join(data.info.tasks)}")
        if list(names) != list(data.info.tasks[task]):
            raise InputError(
                f"{model}: knows {len(names)} classes ({names[0]}, ...); "
                f"expected the {len(data.info.tasks[task])} of {data.root}"
            )


def _machine(known: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a net of ours was trained on."""
    if known.get("seconds") is None:
        return None
    return {key: known["provenance"][key] for key in ("device", "threads")}


def _labels(net: Any, tasks: Mapping[str, int], foreground: bool) -> Segment:
    """The net's labels by task; those of the foreground are of its classes but the first."""

    def of_tasks(image: Tensor) -> dict[str, Tensor]:
        found = net(image)
        return found if len(tasks) > 1 else dict.fromkeys(tasks, found)

    def of_foreground_too(image: Tensor) -> dict[str, Tensor]:
        scores = net.scores(net.normalise(image))
        parts = dict(zip(tasks, scores.split([*tasks.values()], 1), strict=True))
        objects = next(iter(parts.values()))[:, 1:]
        return {task: labels_of(part) for task, part in {**parts, FOREGROUND: objects}.items()}

    return of_foreground_too if foreground else of_tasks


def full_width(net: Mapping[str, Any], classes: Mapping[str, int]) -> dict[str, int]:
    """What Table 1 says of a net besides its score and time, for its published width and borders.

    From its layers alone: no weight is made.
    """
    published = {**net, "width": 1.0, "padding": None, "fc6_kernel": None}
    values = Net.model_validate(published).model_dump(exclude={"start_from"})
    with torch.device("meta"):
        return asdict(architecture(build_fcn(**values, classes=classes)))


def evaluate_bound(
    oracle: Oracle, *, dataset: Path, split: str, metrics: Path, counts: Path, facts: dict[str, Any]
) -> None:
    """Score the true labels seen through an oracle's cells, in the same two files.

    All scores and counts are the first rule's; of the others there is the mean IU.
    """
    data = PreparedDataset(dataset)
    per_image, totals = bounds(data, split, factor=oracle.factor)
    by_rule = {rule: _number(mean_iu_of_truth(total)) for rule, total in totals.items()}
    scored = {TASK: _scored(TASK, per_image.sum(0), data) | by_rule}
    _write({TASK: per_image}, scored, data, split, metrics, counts, facts)


def _write(
    per_image: Mapping[str, Tensor],
    scored: Mapping[str, dict[str, Any]],
    data: PreparedDataset,
    split: str,
    metrics: Path,
    counts: Path,
    facts: dict[str, Any],
) -> None:
    ids = data.ids(split)
    arrays: dict[str, Any] = {task: each.numpy() for task, each in per_image.items()}
    with atomic_write(counts) as temporary:
        np.savez_compressed(temporary, ids=np.array(ids), **arrays)
    empty = dict.fromkeys(("parameters", "best_iteration", "forward_size"))
    content = {
        **empty,
        "costs": {},
        **facts,
        "dataset": data.info.name,
        "split": split,
        "images": len(ids),
        "tasks": scored,
    }
    write_json(metrics, content)


def _scored(task: str, total: Tensor, data: PreparedDataset) -> dict[str, Any]:
    """All scores of a task's counts; no number where there is none to count."""
    background = task != FOREGROUND and has_background(data, task)
    found = {**scores(total, background=background), "class_iu": class_iu(total).tolist()}
    return {name: _number(value) for name, value in found.items()}


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(each) for each in value]
    return None if value != value else value
