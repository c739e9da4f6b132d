"""The curve of a training that is not complete: a file beside its state, which grows line by line.

It is read without torch, so that a look at a run takes no time.
"""

import csv
import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from fcnlib.core.errors import InputError, first_problem
from fcnlib.core.files import atomic_write, name_os_errors
from fcnlib.core.reading import read_bytes

log = logging.getLogger(__name__)

Count = Annotated[int, Field(gt=0, lt=2**53)]
OWN_COLUMNS = ["iterations", "time"]  # behind those of the learning curve


class RunningRow(BaseModel):
    """A line of a running curve, without the columns that are of use in the whole one alone."""

    model_config = ConfigDict(frozen=True)

    iteration: Count
    iterations: Count  # of the whole training
    images: Count  # so far
    seconds: FiniteFloat  # of training steps alone, so far
    loss_per_pixel: FiniteFloat  # the mean since the line before
    images_per_second: FiniteFloat  # of training steps alone, so far
    mean_iu: float | None = None  # where the net was validated
    time: AwareDatetime  # when the line was written


def running_curve_path(checkpoint: Path) -> Path:
    """The running curve of the training that writes a checkpoint."""
    return checkpoint.with_name(checkpoint.name + ".running.csv")


def read_running_curve(path: Path) -> list[RunningRow]:
    """The lines so far, but for a last one that is not whole yet.

    Raises:
        InputError: There is no such file, or a line is not one of a running curve.
    """
    whole, end, _ = read_bytes(path).rpartition(b"\n")
    try:
        text = io.StringIO((whole + end).decode())
        header, *lines = list(csv.reader(text, strict=True)) or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}; expected a running curve as CSV") from None
    return [_row(header, cells, f"{path}: line {place}") for place, cells in enumerate(lines, 2)]


def _row(header: Sequence[str], cells: Sequence[str], place: str) -> RunningRow:
    if len(cells) != len(header):
        raise InputError(f"{place}: {len(cells)} cells; expected {len(header)}")
    given = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    try:
        return RunningRow.model_validate(given)
    except ValidationError as error:
        raise InputError(f"{place}: {first_problem(error)}") from None


@dataclass(frozen=True)
class RunningCurve:
    """Writes the running curve of a training.

    Args:
        path: The file.
        columns: Those of the learning curve.
        iterations: Of the whole training.
    """

    path: Path
    columns: Sequence[str]
    iterations: int

    def restart(self, records: Iterable[Mapping[str, object]]) -> None:
        """Begin with the lines of these records and no others; those there keep their time."""
        times = {row.iteration: row.time for row in self._rows()}
        now = datetime.now(UTC)
        lines = [self._line(each, times.get(int(str(each["iteration"])), now)) for each in records]
        with atomic_write(self.path, durable=False) as temporary:
            temporary.write_text(self._header() + "".join(lines), "utf-8")

    def add(self, record: Mapping[str, object]) -> None:
        """Append a record's line; closing the file lets other machines see it."""
        line = self._line(record, datetime.now(UTC))
        with name_os_errors(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(line if file.tell() else self._header() + line)

    def _rows(self) -> list[RunningRow]:
        """The lines that are there, if they can be read; the saved state has them too."""
        try:
            return read_running_curve(self.path) if self.path.exists() else []
        except InputError as error:
            log.warning("%s; written anew", error)
            return []

    def _header(self) -> str:
        return ",".join([*self.columns, *OWN_COLUMNS]) + "\n"

    def _line(self, record: Mapping[str, object], time: datetime) -> str:
        own = {"iterations": self.iterations, "time": time.isoformat(timespec="seconds")}
        cells = {**record, **own}
        return ",".join(str(cells.get(name, "")) for name in [*self.columns, *OWN_COLUMNS]) + "\n"
