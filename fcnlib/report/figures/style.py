"""The look that all figures share, and files that do not change unless the picture does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fcnlib.core.files import atomic_write
from fcnlib.report.figures.info import FigureInfo, write_figure_info

# Okabe and Ito: told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A6A00")
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vPX"
INK = "#22262b"

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same file on every machine
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#8a9099",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "svg.hashsalt": "fcn",
    "svg.fonttype": "path",
}


class Look(NamedTuple):
    """How one experiment is drawn wherever it appears."""

    colour: str
    dash: str
    marker: str


def looks(order: Sequence[str]) -> Mapping[str, Look]:
    """A look per experiment, by its place in the whole list."""
    return {
        name: Look(
            COLOURS[i % len(COLOURS)],
            DASHES[i // len(COLOURS) % len(DASHES)],
            MARKERS[(i + i // len(COLOURS)) % len(MARKERS)],  # never the same pair again soon
        )
        for i, name in enumerate(order)
    }


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure in the shared style (inches), without a screen."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def save(
    figure: Figure, image: Path | str, card: Path | str, *, dpi: int = 96, **words: Any
) -> None:
    """Write the picture and its card; the bytes depend on nothing but the content."""
    image = Path(image)
    options: Any = {"metadata": {"Date": None}}
    if image.suffix == ".png":
        # Pillow's own choice of compression: `optimize` takes six times as long for one percent.
        options = {"metadata": {"Software": None}}
    with atomic_write(image) as temporary:
        figure.savefig(temporary, dpi=dpi, **options)
    width, height = map(int, figure.get_size_inches() * dpi + 1e-6)  # as matplotlib rounds them
    write_figure_info(card, FigureInfo(image=image.name, width=width, height=height, **words))


def legend_above(figure: Figure, axes: Axes) -> None:
    """The axes' legend above all, in as many columns as fit; it makes the figure higher."""
    key = axes.get_legend_handles_labels()
    for columns in range(len(key[1]), 0, -1):
        legend = figure.legend(*key, loc="outside upper left", fontsize=9, ncols=columns,
                               columnspacing=1.0)  # fmt: skip
        if columns == 1 or legend.get_window_extent().x1 < figure.bbox.x1:
            break
        legend.remove()
    lines = -(-len(key[1]) // columns)
    figure.set_figheight(figure.get_figheight() + 0.17 * (lines - 1))


def bare(axes: Axes) -> None:
    """No ticks, no frame, no grid: for pictures."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
