"""What a figure shows, in a small file beside it, for the page."""

import json
from pathlib import Path
from typing import Literal

from fcnlib.config.schema_base import Frozen
from fcnlib.config.schema_figures import FigureKind
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json


class Classes(Frozen):
    """The colours of a task's classes."""

    dataset: str
    task: str
    colours: tuple[tuple[str, str], ...]  # class and colour


class NarrowImage(Frozen):
    """The same picture for a small screen, in the same folder."""

    image: str
    width: int
    height: int


class FigureInfo(Frozen):
    """A figure: what it shows, in words, and where it belongs on the page."""

    kind: Literal[FigureKind, "curves", "class_iu", "bounds", "examples"]
    name: str  # its own, or that of its table
    section: str = ""  # of the paper, of a figure of no table
    title: str
    caption: str
    alt: str
    image: str  # the picture's file name, in the same folder
    width: int
    height: int
    narrow: NarrowImage | None = None
    table: str = ""  # the table that it belongs to, if any
    chart: str = ""  # a Vega-Lite specification of the same, in the same folder, if there is one
    legend: tuple[Classes, ...] = ()


def write_figure_info(path: Path | str, info: FigureInfo) -> None:
    """Write it as JSON."""
    write_json(Path(path), info.model_dump())


def read_figure_info(path: Path | str) -> FigureInfo:
    """What `write_figure_info` wrote."""
    try:
        return FigureInfo.model_validate(json.loads(Path(path).read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: expected a figure's description: {error}".split("\n")[0]
        ) from None
