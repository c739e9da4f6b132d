"""The style that all figures share, and files that do not change unless the picture does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from fcnlib.core.files import atomic_write
from fcnlib.report.figures.info import FigureInfo, NarrowImage, write_figure_info
from fcnlib.report.specs import Images, NetSpec

# The first seven are Okabe and Ito's; all are distinct with any kind of colour vision, if need be
# by dash and marker.
COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A6A00"),
    *("#332288", "#99CC77", "#882255", "#222222", "#7766FF", "#553300", "#FF99AA"),
)
# Where rows are more than colours: what each further round mixes them with, and by how much.
ROUNDS: tuple[tuple[str, float], ...] = (("black", 0.0), ("white", 0.45), ("black", 0.45))
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vPX"
OURS = COLOURS[0]  # where this run stands beside the paper
PAPER = "#8a9099"
INK = "#22262b"

# A picture leaves the page as a file of its own, and its numbers with it.
NOTICES: Mapping[Images, str] = {
    "synthetic": "Of synthetic scenes, not of the published images",
    "rehearsal": "Of a rehearsal: no result",
    "own": "",
    "published": "",
    "none": "",
}
NOTICE_HEIGHT = 0.2  # inches

# Inches, of a column of the paper and of its page; text of 8 pt can be read in print.
COLUMN_WIDTH, PAGE_WIDTH = 3.5, 7.16
LETTER = 0.068  # of 8 pt, about

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same file on every machine
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#8a9099",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "text.parse_math": False,  # names are text, also those with two $
    "svg.hashsalt": "fcn",
    "svg.fonttype": "path",
}


class RowStyle(NamedTuple):
    """How one row of a table or figure is plotted."""

    colour: str
    dash: str
    marker: str


def row_style(position: int) -> RowStyle:
    """The style of the row at this position: no two of the first 42 have the same colour."""
    turn, place = divmod(position, len(COLOURS))
    other, share = ROUNDS[turn % len(ROUNDS)]
    red, green, blue = (
        (1 - share) * own + share * mixed
        for own, mixed in zip(to_rgb(COLOURS[place]), to_rgb(other), strict=True)
    )
    group, i = divmod(position, len(MARKERS))
    dash, marker = DASHES[group % len(DASHES)], MARKERS[(i + group) % len(MARKERS)]
    return RowStyle(to_hex((red, green, blue)), dash, marker)


def row_styles(nets: Sequence[NetSpec]) -> Mapping[str, RowStyle]:
    """A style for each net by its position in its table, or in the figure."""
    return {
        net.experiment: row_style(place if net.position is None else net.position)
        for place, net in enumerate(nets)
    }


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure in the shared style (inches), without a screen."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def save(
    figure: Figure,
    image: Path | str,
    info: Path | str,
    *,
    images: Images = "none",
    dpi: int = 120,
    **fields: Any,
) -> None:
    """Write the picture and its `FigureInfo`; the bytes depend on nothing but the content.

    Args:
        figure: What to write.
        image: The picture to write; its suffix is the format.
        info: The `FigureInfo` to write.
        images: Whose images it shows, or has numbers of; it says so where they are synthetic.
        dpi: Pixels per inch; of a vector graphic, as the page shows it.
        fields: Further fields of the `FigureInfo`.
    """
    width, height = _save(figure, Path(image), images, dpi)
    name = Path(image).name
    write_figure_info(info, FigureInfo(image=name, width=width, height=height, **fields))


def save_narrow(
    figure: Figure, image: Path | str, *, images: Images = "none", dpi: int = 120
) -> NarrowImage:
    """Write a picture for small screens, and return what the `FigureInfo` of its figure holds."""
    width, height = _save(figure, Path(image), images, dpi)
    return NarrowImage(image=Path(image).name, width=width, height=height)


def _save(figure: Figure, image: Path, images: Images, dpi: int) -> tuple[int, int]:
    """Write the picture and return its width and height in pixels."""
    if notice := NOTICES[images]:
        _write_below(figure, notice)
    # Of PNGs, Pillow's own choice of compression: `optimize` takes six times as long for a percent.
    changing = "Software" if image.suffix == ".png" else "Date"
    metadata = {changing: None, "Description": notice or None}
    with atomic_write(image) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata=metadata)
    width, height = map(int, figure.get_size_inches() * dpi + 1e-6)  # as matplotlib rounds them
    return width, height


def save_without_nets(
    missing: Sequence[str], image: Path | str, info: Path | str, **fields: Any
) -> None:
    """Write a picture that says that none of its nets was available.

    Args:
        missing: The nets' names.
        image: The picture to write.
        info: The `FigureInfo` to write.
        fields: Further fields of the `FigureInfo`.
    """
    text = not_shown(missing)
    with new_figure(COLUMN_WIDTH, 0.8) as figure:
        figure.text(0.5, 0.5, fill(text, 48), ha="center", va="center")
        save(figure, image, info, caption=text, alt=text, **fields)


def not_shown(missing: Sequence[str]) -> str:
    """That the weights of some nets were not available, in a sentence; nothing of none."""
    return f"Not available, so not shown: {', '.join(missing)}." if missing else ""


def _write_below(figure: Figure, text: str) -> None:
    """Add a line at the bottom; a fixed layout has left room for it, another one makes room."""
    height = figure.get_figheight()
    if isinstance(layout := figure.get_layout_engine(), ConstrainedLayoutEngine):
        height += NOTICE_HEIGHT
        figure.set_figheight(height)
        share = NOTICE_HEIGHT / height
        layout.set(rect=(0, share, 1, 1 - share))
    figure.text(0.01, 0.05 / height, text, fontsize=7.5, color=INK)


def legend_above(figure: Figure, axes: Axes) -> None:
    """The axes' legend above all, in as many columns as fit; it makes the figure higher."""
    handles, labels = axes.get_legend_handles_labels()
    labels = [fill(label, int(figure.get_figwidth() / LETTER) - 8) for label in labels]
    for columns in range(len(labels), 0, -1):
        legend = figure.legend(handles, labels, loc="outside upper left", ncols=columns,
                               columnspacing=1.0, handlelength=1.6)  # fmt: skip
        if columns == 1 or legend.get_window_extent().x1 < figure.bbox.x1:
            break
        legend.remove()
    lines = -(-len(labels) // columns) + sum(label.count("\n") for label in labels)
    figure.set_figheight(figure.get_figheight() + 0.16 * (lines - 1))


def bare(axes: Axes) -> None:
    """No ticks, no frame, no grid: for pictures."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
