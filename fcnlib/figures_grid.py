"""Sheets of pictures: rows under column titles, with the meaning of their colours below."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL.Image import Resampling, fromarray

from fcnlib.colour import Image, as_hex
from fcnlib.drawing import bare
from fcnlib.figures_inputs import NEAR_TO_FAR, UNSEEN, DepthScale

DPI = 150
GAP = 0.04  # all lengths are inches
LINE = 0.17  # of the legends
EDGE = "#8a9099"
Legend = tuple[tuple[str, str], ...]  # (class, colour)


class Row(NamedTuple):
    """Pictures of one size side by side; None leaves a place empty."""

    pictures: Sequence[Image | None]
    heading: str = ""

    def height(self, width: float) -> float:
        """Of the row with its heading, where each picture has this width."""
        height, across = next(each for each in self.pictures if each is not None).shape[:2]
        return float(width * height / across) + (0.22 if self.heading else GAP)


def draw_grid(
    canvas: Figure,
    rows: Sequence[Row],
    titles: Sequence[str],
    legends: Mapping[str, Legend],
    *,
    photos: Collection[int] = (),
    scale: DepthScale | None = None,
) -> None:
    """Rows of pictures under column titles, a legend for each task and that of depth below.

    The columns of `photos` shrink smoothly; all others keep their exact colours.
    """
    width = canvas.get_figwidth()
    cell = width / len(titles)
    wrapped = [textwrap.wrap(title, 16) or [""] for title in titles]
    top = 0.12 + 0.14 * max(map(len, wrapped))
    heights = [row.height(cell - GAP) for row in rows]
    below = [legend_height(width, task, legend) for task, legend in legends.items()]
    total = top + sum(heights) + 0.06 + sum(below) + (0.24 if scale else 0)
    canvas.set_figheight(total)
    canvas.set_layout_engine("none")
    for column, lines in enumerate(wrapped):
        size = min(9.0, 100 * cell / max(map(len, lines)))  # a long word must not run into the next
        canvas.text((column + 0.5) / len(titles), 1 - (top / 2 + 0.02) / total, "\n".join(lines),
                    ha="center", va="center", fontsize=size, fontweight="bold")  # fmt: skip
    sheet = np.full((round(total * DPI), round(width * DPI), 3), 255, np.uint8)
    y = total - top
    for row, height in zip(rows, heights, strict=True):
        _paste_row(sheet, row, total - (y - height), cell, photos)
        canvas.text(0.02 / width, (y - 0.12) / total, row.heading, va="center", fontsize=9)
        y -= height
    canvas.figimage(sheet, zorder=-1)  # far cheaper than an axes for each picture
    y -= 0.06
    if scale:
        y -= 0.24
        draw_depth_scale(canvas, scale, y)
    for (task, legend), height in zip(legends.items(), below, strict=True):
        draw_legend(canvas, task, legend, y)
        y -= height


def _paste_row(sheet: Image, row: Row, bottom: float, cell: float, photos: Collection[int]) -> None:
    """Put the row's pictures on the sheet's pixels; `bottom` is where they end, from its top."""
    end = round(bottom * DPI)
    for column, picture in enumerate(row.pictures):
        if picture is None:
            continue
        height, width = picture.shape[:2]
        left, right = (
            round(x * DPI) for x in (column * cell + GAP / 2, (column + 1) * cell - GAP / 2)
        )
        size = (right - left, round((cell - GAP) * height / width * DPI))
        smooth = column in photos and width > size[0]
        way = Resampling.LANCZOS if smooth else Resampling.NEAREST
        sheet[end - size[1] : end, left:right] = np.asarray(fromarray(picture).resize(size, way))


def legend_columns(width: float, legend: Legend) -> int:
    """How many entries of a legend fit side by side."""
    longest = max((len(name) for name, _ in legend), default=1)
    return max(1, int(width / max(0.42 + 0.062 * longest, 0.8)))


def legend_height(width: float, task: str, legend: Legend) -> float:
    """Of a task's colours and, if it has one, its title."""
    return LINE * (-(-len(legend) // legend_columns(width, legend)) + bool(task)) + 0.1


def draw_legend(canvas: Figure, task: str, legend: Legend, top: float) -> None:
    """The colours of a task's classes below `top`."""
    width, total = canvas.get_size_inches()
    patches = [Patch(facecolor=value, edgecolor=EDGE, label=name) for name, value in legend]
    canvas.legend(handles=patches, loc="upper left", bbox_to_anchor=(0, top / total),
                  ncols=legend_columns(width, legend), fontsize=8, handlelength=1.1,
                  columnspacing=1.0, borderaxespad=0.1, borderpad=0.2, title=task or None,
                  title_fontsize=8, alignment="left")  # fmt: skip


def draw_depth_scale(canvas: Figure, scale: DepthScale, bottom: float) -> None:
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
