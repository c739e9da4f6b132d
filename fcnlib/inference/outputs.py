"""What a module gives, by task and checked: one of another origin may give anything."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.core.printing import short
from fcnlib.models.fcn import DEFAULT_TASK, MAX_CLASSES

TASK = r"[A-Za-z0-9_-]*"  # it becomes part of a file name

T = TypeVar("T")
Classes = Mapping[str, Sequence[str]]


def checked_labels(found: Any, classes: Classes, batch: Tensor, path: Path) -> dict[str, Tensor]:
    """Labels by task, uint8 [N, H, W], of images [N, C, H, W]."""
    by_task = _by_task(found, classes, path)
    for task, labels in by_task.items():
        if tuple(labels.shape) != tuple(batch[:, 0].shape) or labels.dtype != torch.uint8:
            raise _unexpected(task, labels, f"torch.uint8 of {list(batch[:, 0].shape)}", path)
    return by_task


def checked_probabilities(
    found: Any, classes: Classes, batch: Tensor, path: Path
) -> dict[str, Tensor]:
    """Probabilities by task, float [N, classes, H, W], of images [N, C, H, W]."""
    by_task = _by_task(found, classes, path)
    for task, shares in by_task.items():
        count = len(classes.get(task, ())) or (shares.shape[1] if shares.dim() == 4 else 0)
        shape = [len(batch), count, *batch.shape[2:]]
        fits = list(shares.shape) == shape and shares.is_floating_point()
        if not fits or not 0 < count <= MAX_CLASSES:
            raise _unexpected(task, shares, f"torch.float32 of {shape}", path)
    return by_task


def unnamed_if_single(by_task: Mapping[str, T]) -> dict[str, T]:
    """The same by task; of a net with one head under "", as in file names."""
    return {"": next(iter(by_task.values()))} if len(by_task) == 1 else dict(by_task)


def check_tasks(labels: Mapping[str, Any], palettes: Mapping[str, Any]) -> None:
    """Raise unless labels are of the tasks that have colours."""
    if labels.keys() != palettes.keys():
        gives, knows = (", ".join(each) for each in (labels, palettes))
        raise InputError(f"the model labels {gives!r}, but its file has colours of {knows!r}")


def _by_task(found: Any, classes: Classes, path: Path) -> dict[str, Tensor]:
    """Tensors by the names of the net's tasks, as far as these are known."""
    if not isinstance(found, Mapping):
        found = {next(iter(classes), DEFAULT_TASK): found}
    tasks = classes.keys() or found.keys()
    if found.keys() != tasks or not all(re.fullmatch(TASK, str(task)) for task in tasks):
        names = short(", ".join(map(str, found))) or "nothing"
        expected = ", ".join(classes) or "names of tasks"
        raise InputError(f"{path}: gives {names}; expected {expected}")
    for task, each in found.items():
        if not isinstance(each, Tensor):
            raise InputError(f"{path}: {task}: gives a {type(each).__name__}; expected a tensor")
    return dict(found)


def _unexpected(task: str, found: Tensor, expected: str, path: Path) -> InputError:
    gave = f"{found.dtype} of {list(found.shape)}"
    return InputError(f"{path}: {task}: gives {gave}; expected {expected}")
