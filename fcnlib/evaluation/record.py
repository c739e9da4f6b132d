"""The metrics file of one run: written, read and checked by one model."""

import json
import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fcnlib.archives.unavailable import Unavailable
from fcnlib.config.columns import COLUMNS, RESULT_KEYS, ColumnName, Cost, Setting
from fcnlib.config.schema_base import Name, NotNegative, Seed, Size
from fcnlib.config.yaml_files import check_texts, in_one_line
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.evaluation.counts import check_scores, counts_beside

Score = Annotated[float, Field(ge=0, le=1.0001)]  # sums of float32 may be over 1
Scores = dict[str, Score | list[Score | None] | None]  # by metric; per class: a list
Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
TimeUnit = Literal["ms", "s"]  # of forward and backward passes; of training


class Machine(BaseModel):
    """What something was computed on."""

    model_config = ConfigDict(frozen=True)

    device: str
    threads: int | None = None
    precision: str | None = None  # of float32 products on a GPU


class Provenance(Machine):
    """Where a result comes from."""

    commit: str
    dirty: bool
    date: str
    versions: dict[str, str]
    values: dict[str, Any] = {}
    seed: int | None = None


class WeightsFile(BaseModel):
    """The file that a net was converted from."""

    model_config = ConfigDict(frozen=True)

    file: str
    sha256: str


class RunMetadata(BaseModel):
    """Which run a result is of, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    experiment: Name
    seed: Seed
    provenance: Provenance

    @classmethod
    def of(
        cls, *, experiment: str, seed: int, device: str, threads: int, values: dict[str, Any]
    ) -> "RunMetadata":
        """The current run, on this machine.

        Args:
            experiment: Its name in the configuration.
            seed: Of the run.
            device: As torch names it, for example `cuda:0`.
            threads: Number of threads that torch uses.
            values: The configuration values that the run depends on.
        """
        where = provenance(seed=seed, device=device, threads=threads, values=values)
        return cls(experiment=experiment, seed=seed, provenance=Provenance.model_validate(where))


class Record(RunMetadata):
    """One run of one experiment: scores as fractions, per task; costs in their columns' units."""

    dataset: str = ""  # nothing where no image was labelled
    split: str = ""
    images: NotNegative = 0
    tasks: dict[str, Scores] = {}
    costs: dict[Cost, NotNegative | Amount | None] = {}
    settings: dict[Setting, int | float] = {}  # of the recipe of the net that was scored
    trained_on: Machine | None = None  # maybe another one than scored it
    weights: WeightsFile | None = None  # None: of a net that was trained
    unavailable: Unavailable | None = None  # why nothing was scored
    forward_size: Size | None = None
    runs_ms: dict[str, list[float]] = {}  # every timed run
    # What other work used of the processors while the times of a unit were measured, if known.
    beside: dict[TimeUnit, Share] = {}
    parameters: int | None = None  # of the net as it was run; `costs` has the full-width one's
    best_iteration: int | None = None
    diverged_at: int | None = None  # the iteration at which its loss was no number any more


def by_unit(**shares: float | None) -> dict[TimeUnit, float]:
    """The known ones of what other work used of the processors: `ms`, `s`."""
    return {cast(TimeUnit, unit): share for unit, share in shares.items() if share is not None}


def write_record(path: Path, record: Record) -> None:
    """Write a metrics file atomically."""
    write_json(path, record.model_dump(mode="json"))


def read_record(path: Path | str) -> Record:
    """The checked content of a metrics file, whose scores are those of the counts beside it."""
    record = parse_record(path)
    counts = counts_beside(path, record.tasks)
    check_scores(path, record.tasks, counts, images=record.images)
    return record


def parse_record(path: Path | str) -> Record:
    """The same, unchecked against its counts."""
    try:
        text = Path(path).read_text("utf-8")
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
        record = Record.model_validate(content)
    except FileNotFoundError:
        raise InputError(f"{path}: no such metrics file") from None
    except ValidationError as error:
        problem = error.errors()[0]
        key = in_one_line(".".join(map(str, problem["loc"]))) or "top level"
        raise InputError(f"{path}: {key}: {problem['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected JSON: {error}") from None
    check_texts(content, path)
    return record


def _finite(text: str) -> float:
    """The number; JSON has neither NaN nor infinity, but Python reads and writes both."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text}; expected a finite number")
    return number


def by_experiment(
    paths: Iterable[Path | str], *, read: Callable[[Path | str], Record] = read_record
) -> dict[str, list[tuple[Path, Record]]]:
    """The metrics files of each experiment in order of their seeds.

    `read` is `parse_record` where their counts are read and checked afterwards.
    """
    runs: dict[str, list[tuple[Path, Record]]] = {}
    for path in paths:
        record = read(path)
        runs.setdefault(record.experiment, []).append((Path(path), record))
    for found in runs.values():
        found.sort(key=lambda item: item[1].seed)
        for (first, one), (second, other) in pairwise(found):
            if one.seed == other.seed:  # a copy, which would make a spread of nothing
                raise InputError(f"{second}: seed {one.seed}, as {first}; expected each seed once")
    return runs


def number(path: Path, record: Record, column: ColumnName) -> float | None:
    """One number in its column's unit; None where the run has none."""
    if COLUMNS[column].known == "set":
        return record.settings.get(cast(Setting, column))
    task, metric = RESULT_KEYS[column]
    if not task:
        return record.costs.get(cast(Cost, column))
    value = record.tasks.get(task, {}).get(metric)
    if isinstance(value, list):
        raise InputError(f"{path}: {task}.{metric}: expected one number, not a list")
    return None if value is None else 100 * value


def class_iu_percent(path: Path, record: Record, task: str, classes: int) -> list[float | None]:
    """Every class's IU in percent; None for a class that never occurs."""
    values = record.tasks.get(task, {}).get("class_iu")
    if not isinstance(values, list) or len(values) != classes:
        raise InputError(f"{path}: {task}.class_iu: expected a list of {classes} numbers")
    return [None if value is None else 100 * value for value in values]
