"""Sheets of pictures: rows under column titles, with the meaning of their colours below."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL.Image import Resampling, fromarray

from fcnlib.datasets.colours import Image, as_hex
from fcnlib.report.figures.inputs import NEAR_TO_FAR, UNSEEN, DepthScale
from fcnlib.report.figures.style import bare

DPI = 150
GAP = 0.04  # all lengths are inches
LINE = 0.17  # of the legends
EDGE = "#8a9099"
Legend = tuple[tuple[str, str], ...]  # (class, colour)


class PictureRow(NamedTuple):
    """Pictures of one size side by side, each below its title."""

    pictures: Sequence[Image]
    titles: Sequence[str]
    heading: str = ""  # above all of them
    smooth: Sequence[bool] = ()  # which shrink smoothly; all others keep their exact colours


class RowLayout(NamedTuple):
    """A row's lengths on the sheet."""

    heading: float
    titles: float  # 0 where the row above has the same ones
    pictures: float

    @property
    def total(self) -> float:
        return self.heading + self.titles + self.pictures + GAP


def plot_grid(
    canvas: Figure,
    rows: Sequence[PictureRow],
    legends: Mapping[str, Legend],
    *,
    scale: DepthScale | None = None,
    foot: float = 0.0,
) -> None:
    """Rows of pictures, below them a legend for each task and that of depth, then `foot` inches.

    Titles are above the first row, and above each whose titles differ from the row above.
    """
    width = canvas.get_figwidth()
    cell = width / max(len(row.pictures) for row in rows)
    places = [
        _layout(row, cell - GAP, first=above is None or row.titles != above.titles)
        for above, row in zip([None, *rows], rows, strict=False)
    ]
    below = [legend_height(width, task, legend) for task, legend in legends.items()]
    total = sum(place.total for place in places) + 0.06 + sum(below) + (0.24 if scale else 0) + foot
    canvas.set_figheight(total)
    canvas.set_layout_engine("none")
    sheet = np.full((round(total * DPI), round(width * DPI), 3), 255, np.uint8)
    y = total
    for row, place in zip(rows, places, strict=True):
        canvas.text(GAP / 2 / width, (y - 0.13) / total, row.heading, va="center", fontsize=9)
        y -= place.heading
        if place.titles:
            _plot_titles(canvas, row.titles, cell, y - place.titles / 2)
        y -= place.titles + place.pictures + GAP
        _paste_row(sheet, row, total - y - GAP, cell)
    canvas.figimage(sheet, zorder=-1)  # far cheaper than an axes for each picture
    y -= 0.06
    if scale:
        y -= 0.24
        plot_depth_scale(canvas, scale, y)
    for (task, legend), height in zip(legends.items(), below, strict=True):
        plot_legend(canvas, task, legend, y)
        y -= height


def _layout(row: PictureRow, width: float, *, first: bool) -> RowLayout:
    """How high a row is where each picture has this width."""
    height, across = row.pictures[0].shape[:2]
    lines = max(len(_wrapped(title)) for title in row.titles)
    return RowLayout(
        0.24 if row.heading else 0.0,
        0.08 + 0.14 * lines if first else 0.0,
        float(width * height / across),
    )


def _wrapped(title: str) -> list[str]:
    return textwrap.wrap(title, 16) or [""]


def _plot_titles(canvas: Figure, titles: Sequence[str], cell: float, middle: float) -> None:
    """Each title over its column; a long word must not run into the next."""
    width, total = canvas.get_size_inches()
    wrapped = [_wrapped(title) for title in titles]
    size = min(8.5, 100 * cell / max(len(line) for lines in wrapped for line in lines))
    for column, lines in enumerate(wrapped):
        canvas.text((column + 0.5) * cell / width, middle / total, "\n".join(lines), ha="center",
                    va="center", fontsize=size, fontweight="bold")  # fmt: skip


def _paste_row(sheet: Image, row: PictureRow, bottom: float, cell: float) -> None:
    """Put the row's pictures on the sheet's pixels; `bottom` is where they end, from its top."""
    end = round(bottom * DPI)
    for column, picture in enumerate(row.pictures):
        height, width = picture.shape[:2]
        left, right = (
            round(x * DPI) for x in (column * cell + GAP / 2, (column + 1) * cell - GAP / 2)
        )
        size = (right - left, round((cell - GAP) * height / width * DPI))
        smooth = any(row.smooth[column : column + 1]) and width > size[0]
        way = Resampling.LANCZOS if smooth else Resampling.NEAREST
        sheet[end - size[1] : end, left:right] = np.asarray(fromarray(picture).resize(size, way))


def legend_columns(width: float, legend: Legend) -> int:
    """How many entries of a legend fit side by side."""
    longest = max((len(name) for name, _ in legend), default=1)
    return max(1, int(width / max(0.42 + 0.062 * longest, 0.8)))


def legend_height(width: float, task: str, legend: Legend) -> float:
    """Of a task's colours and, if it has one, its title."""
    lines = -(-len(legend) // legend_columns(width, legend))
    return LINE * (lines + 1 if task else lines) + 0.1


def plot_legend(canvas: Figure, task: str, legend: Legend, top: float) -> None:
    """The colours of a task's classes below `top`."""
    width, total = canvas.get_size_inches()
    patches = [Patch(facecolor=value, edgecolor=EDGE, label=name) for name, value in legend]
    canvas.legend(handles=patches, loc="upper left", bbox_to_anchor=(0, top / total),
                  ncols=legend_columns(width, legend), fontsize=8, handlelength=1.1,
                  columnspacing=1.0, borderaxespad=0.1, borderpad=0.2, title=task or None,
                  title_fontsize=8, alignment="left")  # fmt: skip


def plot_depth_scale(canvas: Figure, scale: DepthScale, bottom: float) -> None:
    """The colours of depth from near to far, and what hatching means."""
    width, total = canvas.get_size_inches()
    middle = (bottom + 0.1) / total
    canvas.text(0.06 / width, middle, f"depth: {scale.near / 1000:.1f} m", va="center", fontsize=8)
    axes = canvas.add_axes((0.98 / width, (bottom + 0.04) / total, 1.1 / width, 0.12 / total))
    axes.imshow(np.linspace(0, 1, 128)[None], cmap=NEAR_TO_FAR, aspect="auto")
    bare(axes)
    far = f"{scale.far / 1000:.1f} m"
    canvas.text(2.14 / width, middle, far, va="center", fontsize=8)
    canvas.legend(handles=[Patch(facecolor="white", edgecolor=as_hex(UNSEEN), hatch="/////",
                                 label="not measured, filled in")],
                  loc="lower left", bbox_to_anchor=(2.6 / width, (bottom - 0.01) / total),
                  fontsize=8, handlelength=1.1, borderaxespad=0.1, borderpad=0.2)  # fmt: skip
