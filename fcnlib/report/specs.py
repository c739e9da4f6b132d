"""What the tables and figures of a page show, decided before anything is measured."""

from collections.abc import Mapping
from typing import Literal

from fcnlib.config.columns import (
    ColumnName,
)
from fcnlib.config.schema import Oracle
from fcnlib.config.schema_data import Frozen, Mask

Images = Literal["published", "drawn", "own", "none"]


class NetSpec(Frozen):
    """An experiment and its name in the table."""

    experiment: str
    row: str
    # The images that the scored snapshot was picked on; a bound has no snapshots.
    picked_on: Literal["test", "validation"] | None = None
    tasks: tuple[str, ...] = ()  # of a net, the first of them leading
    mask: Mask = "none"  # what is hidden from it


class NetsSpec(Frozen):
    """A table's nets, without any number."""

    name: str
    nets: tuple[NetSpec, ...]


class RowSpec(NetSpec):
    """One row of a table; `paper` holds published values in the columns' units."""

    paper: Mapping[ColumnName, float] = {}
    oracle: Oracle | None = None
    stride: int | None = None  # of a net


class ChartSpec(Frozen):
    """A chart of some rows, with their published values."""

    title: str
    rows: tuple[RowSpec, ...]


class TableSpec(Frozen):
    """What a table shows, and of which images."""

    name: str
    title: str
    columns: tuple[ColumnName, ...]
    note: str = ""
    compete: bool = True
    images: Images
    rows: tuple[RowSpec, ...]
