"""A training's saved state on disk: written whole, and checked before anything of it is used."""

import logging
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import torch
from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError
from torch import Tensor

from fcnlib.config.schema_nets import Recipe
from fcnlib.core.errors import InputError, first_problem
from fcnlib.models.weights.checkpoint import format_shape, read_tensors, write_tensors
from fcnlib.training.history import (
    LOSS_COLUMNS,
    LogRecord,
    LossMeter,
    TrainingState,
    is_logged,
)

log = logging.getLogger(__name__)

SAVED_STATE = "a training's saved state"
DAMAGED_SUFFIX = ".damaged"
OTHER_SUFFIX = ".other"  # of a state that another training can be resumed from
GPU_GENERATOR = "cuda"  # of random numbers; trainings on the CPU have none
Identity = dict[str, JsonValue]
State = dict[str, Tensor]


@dataclass
class SavedState:
    """All that is needed to resume a training with the same bits."""

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    identity: Identity  # what the training depends on
    net: State
    average: State  # of the net's weights; empty without one
    velocities: list[list[Tensor | None]]  # by group and parameter
    generators: State  # of random numbers
    training_state: TrainingState
    loss_meter: LossMeter


@dataclass(frozen=True)
class Expected:
    """What a training's saved state has to fit."""

    now: SavedState  # its present one
    velocities: list[list[Tensor | None]]  # after a step, by group of the optimizer
    recipe: Recipe
    columns: list[str]  # of its learning curve


_IDENTITY, _STATE = TypeAdapter(Identity), TypeAdapter(SavedState)


def saved_state_path(checkpoint: Path) -> Path:
    """The saved state of the training that writes a checkpoint."""
    return checkpoint.with_name(checkpoint.name + ".resume")


def write_state(path: Path, saved: SavedState) -> None:
    """Write a training's state atomically."""
    write_tensors(
        path,
        {
            **vars(saved),
            "training_state": vars(saved.training_state),
            "loss_meter": vars(saved.loss_meter),
        },
    )


def state_to_resume(path: Path, expected: Expected) -> SavedState | None:
    """The state in a file; None if it is damaged or another training's, and was set aside."""
    try:
        saved = read_state(path, expected)
    except InputError as error:
        aside = _set_aside(path, DAMAGED_SUFFIX).name
        log.warning("%s; set aside as %s, starting anew", error, aside)
        return None
    if saved is None:
        aside = _set_aside(path, OTHER_SUFFIX).name
        log.warning(
            "%s belongs to other values, data, weights or code: kept as %s, starting anew",
            *(path, aside),
        )
    return saved


def read_state(path: Path, expected: Expected) -> SavedState | None:
    """The state in a file if it can be of this training; None if it is another training's.

    Raises:
        InputError: A bit is not as it was written, or a value cannot come from this training.
    """
    if path.is_file():
        open(path, "rb").close()  # what may not be read is not damaged: an OSError
    content = read_tensors(path, SAVED_STATE)
    identity = content.get("identity")
    if not isinstance(identity, dict):
        raise InputError(f"{path}: lacks identity; expected {SAVED_STATE}")
    try:
        if _IDENTITY.validate_python(identity) != expected.now.identity:
            return None
        saved = _STATE.validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}; expected {SAVED_STATE}") from None
    if problem := next(_problems(saved, expected), None):
        raise InputError(f"{path}: {problem}; expected a state of this training")
    return saved


def _set_aside(path: Path, suffix: str) -> Path:
    """Rename a file that cannot be used, so that nothing takes it for one that can.

    None that was set aside before is lost: a later one has a number.
    """
    names = (path.name + suffix + number for number in chain([""], map(str, count(2))))
    aside = next(each for each in map(path.with_name, names) if not os.path.lexists(each))
    os.replace(path, aside)
    return aside


def _problems(saved: SavedState, expected: Expected) -> Iterator[str]:
    """What in a state cannot come from the training."""
    progress = saved.training_state
    yield from _record_problems(saved, expected)
    yield from _tensor_problems("net", saved.net, expected.now.net)
    yield from _tensor_problems("average", saved.average, expected.now.average)
    if progress.best_weights or any("mean_iu" in record for record in progress.records):
        yield from _tensor_problems("best_weights", progress.best_weights, expected.now.net)
    moving = progress.iteration > 0
    forms = [[_form(each) if moving else None for each in group] for group in expected.velocities]
    if [[_form(each) for each in group] for group in saved.velocities] != forms:
        yield "velocities of other parameters"
    yield from _tensor_problems("generators", *map(_on_cpu, (saved, expected.now)))
    if not all(map(_is_generator_state, _on_cpu(saved).values())):
        yield "generators: not the state of one"


def _record_problems(saved: SavedState, expected: Expected) -> Iterator[str]:
    """What does not fit the iteration that the state is of."""
    progress, recipe = saved.training_state, expected.recipe
    if not progress.best_iteration <= progress.iteration <= recipe.iterations:
        yield f"iteration {progress.iteration} of {recipe.iterations}"
    logged = [i for i in range(1, progress.iteration + 1) if is_logged(i, recipe)]
    if [record.get("iteration") for record in progress.records] != logged:
        yield f"records of other iterations than those up to {progress.iteration}"
    if not all(_is_record(record, expected.columns) for record in progress.records):
        yield "records of other columns"
    since = progress.iteration - (logged[-1] if logged else 0)
    if saved.loss_meter.images != since * recipe.batch_size:
        yield f"loss_meter of {saved.loss_meter.images} images"
    if progress.diverged_at is not None or (progress.iteration and not progress.seconds):
        yield "training_state of no training that goes on"


def _is_record(record: LogRecord, columns: Sequence[str]) -> bool:
    """Whether these are the values of a log record: numbers, or texts of them."""
    if not set(LOSS_COLUMNS) <= record.keys() <= set(columns):
        return False
    try:
        return all(math.isfinite(float(record[name])) for name in LOSS_COLUMNS)
    except ValueError:
        return False


def _tensor_problems(what: str, found: State, expected: State) -> Iterator[str]:
    """Tensors that are not of the names, shapes and types that they should be."""
    for name, tensor in {**expected, **found}.items():
        if name not in expected:
            yield f"{what}: {name} is not known"
        elif name not in found:
            yield f"{what}: {name} is missing"
        elif _form(tensor) != _form(expected[name]):
            yield f"{what}: {name} is {format_shape(tensor)}"


def _form(tensor: Tensor | None) -> tuple[object, ...] | None:
    return None if tensor is None else (tensor.shape, tensor.dtype, tensor.layout)


def _on_cpu(saved: SavedState) -> State:
    """The states of the generators that every training has, wherever it computes."""
    return {name: state for name, state in saved.generators.items() if name != GPU_GENERATOR}


def _is_generator_state(state: Tensor) -> bool:
    try:
        torch.Generator().set_state(state)
    except RuntimeError:
        return False
    return True
