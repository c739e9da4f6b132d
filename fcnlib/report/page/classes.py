"""The classes of confusion counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fcnlib.datasets.colours import VOID_COLOUR, as_hex
from fcnlib.datasets.reader import DatasetInfo


class Classes(NamedTuple):
    """The names of a task's classes, and their colours."""

    names: Sequence[str]
    colours: Sequence[str]


def classes_of(infos: Mapping[str, DatasetInfo], dataset: str, task: str, number: int) -> Classes:
    """The classes of a task's counts; only numbered if the data set is not that of the counts."""
    info = infos.get(dataset)
    if info is not None:
        for name, names in info.tasks.items():
            colours = [as_hex(rgb) for rgb in info.palette[name]]
            if name == task and len(names) == number:
                return Classes(names, colours)
            if task not in info.tasks and len(names) == number + 1:  # of objects alone
                return Classes(names[1:], colours[1:])
    return Classes([f"class {index}" for index in range(number)], [as_hex(VOID_COLOUR)] * number)
