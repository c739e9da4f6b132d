"""Which layers nets predict from, and how their scores are fused (after the paper's Fig. 3)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Lines

from fcnlib.core.files import atomic_write
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.layers import IMAGE_LAYER
from fcnlib.models.maps import Prediction, Stage, predictions, stages
from fcnlib.report.figures.style import INK, OURS, PAGE_WIDTH, PAPER, bare, new_figure, save
from fcnlib.report.maps import maps_csv
from fcnlib.report.specs import ArchitectureSpec, NamedNet

CAPTION = (
    "Above, the trunk: grids are its poolings and the layers that nets predict from, as coarse as "
    "they are; vertical lines are the convolutions between. Below, a line per net, from right to "
    "left: scores of a layer, upsampled onto the cells of a finer one and fused with its scores, "
    "and at last upsampled to the image's pixels."
)
# How scores are fused: the sign, its size in points, its frame.
SIGNS = {"sum": ("+", 8.0, "circle,pad=0.15"), "max": ("max", 6.0, "round,pad=0.2")}
# All lengths are inches.
SIDE = 0.42  # of a grid; narrow enough for a factor before the sign of a fusion
ROW = 0.68  # from one net to the next
TRUNK = 0.5  # more from the trunk to the first net, for the names of its layers
NAMES = 0.75  # left of the image
JOIN = 0.16  # right of a grid, where scores come down from the trunk
MARGIN = 0.06
FONT = 8


class Net(NamedTuple):
    """A net of the figure."""

    row: str
    predictions: list[Prediction]
    stages: list[Stage]
    streams: int


class Layout(NamedTuple):
    """Where the middle of each column is, by the stage's layer."""

    columns: Mapping[str, float]
    period: int  # the pixels that a grid's side stands for


def plot_architecture(
    figure: Mapping[str, Any],
    *,
    image: Path | str,
    info: Path | str,
    maps: Path | str,
) -> None:
    """The nets' common trunk, and below it what each predicts from.

    Args:
        figure: the values of an `ArchitectureSpec`.
        image: the picture to write.
        info: the `FigureInfo` to write.
        maps: the table to write, of every map of every net.
    """
    spec = ArchitectureSpec.model_validate(figure)
    with torch.device("meta"):  # of the layers alone: no weight is made
        built = [(net.row, _build(net)) for net in spec.nets]
    table = maps_csv(built, spec.side)
    nets = [_net(row, net) for row, net in built]
    trunk = max((net.stages for net in nets), key=len)
    top = MARGIN + SIDE / 2
    height = top + TRUNK + ROW * len(nets) + SIDE / 2 + MARGIN
    with new_figure(PAGE_WIDTH, height) as canvas:
        canvas.set_layout_engine("none")
        axes = canvas.add_axes((0, 0, 1, 1))
        bare(axes)
        axes.set(xlim=(0, PAGE_WIDTH), ylim=(height, 0))
        pitch = (PAGE_WIDTH - NAMES - SIDE - JOIN - MARGIN) / max(1, len(trunk) - 1)
        columns = {stage.layer: NAMES + SIDE / 2 + i * pitch for i, stage in enumerate(trunk)}
        layout = Layout(columns, 2 * trunk[-1].stride)
        _plot_trunk(axes, trunk, layout, top)
        for place, net in enumerate(nets, start=1):
            _plot_net(axes, net, layout, top, top + TRUNK + place * ROW)
        save(
            canvas, image, info, kind="architecture", name=spec.name, section=spec.section,
            title=spec.title,
            caption=f"{CAPTION} Every map's size, stride, receptive field and offset, for an image "
            f"of {spec.side} x {spec.side} pixels, are in {Path(maps).name} beside this figure.",
            alt="Diagram of which layers nets predict from. "
            + " ".join(_in_words(net) for net in nets),
        )  # fmt: skip
    with atomic_write(Path(maps)) as temporary:
        temporary.write_text(table, "utf-8")


def _build(named: NamedNet) -> FCN:
    """The net without its weights; what it labels makes no difference."""
    return build_fcn(**named.net.model_dump(exclude={"start_from"}), classes=2)


def _net(row: str, net: FCN) -> Net:
    return Net(row, predictions(net), stages(net), len(net.arguments["streams"]))


def _plot_trunk(axes: Axes, trunk: Sequence[Stage], layout: Layout, y: float) -> None:
    """The image and the stages, with a line for each convolution between."""
    for before, stage in zip([None, *trunk], trunk, strict=False):
        x = layout.columns[stage.layer]
        _plot_grid(axes, x, y, layout.period // stage.stride, INK)
        name = "image" if stage.layer == IMAGE_LAYER else stage.layer
        lines = [*name.replace("/", "/\n").split("\n"), f"stride {stage.stride}"]
        axes.text(x, y + SIDE / 2 + 0.05, "\n".join(lines), ha="center", va="top", fontsize=FONT)
        if before:
            left, right = layout.columns[before.layer] + SIDE / 2 + 0.06, x - SIDE / 2 - 0.06
            step = (right - left) / stage.convolutions
            places = [left + (i + 0.5) * step for i in range(stage.convolutions)]
            axes.vlines(places, y - SIDE * 0.4, y + SIDE * 0.4, color=INK, linewidth=1)


def _plot_net(axes: Axes, net: Net, layout: Layout, top: float, y: float) -> None:
    """A net's predictions from the coarsest, on the right, to the image's pixels, on the left."""
    image = layout.columns[IMAGE_LAYER]
    places = [*(layout.columns[each.layer] for each in net.predictions), image]
    for prediction, x, target in zip(net.predictions, places, places[1:], strict=False):
        _plot_grid(axes, x, y, layout.period // prediction.stride, OURS)
        join = x + SIDE / 2 + JOIN
        # From the trunk down to this net.
        axes.plot([x + SIDE / 2, join, join], [top + SIDE / 2] * 2 + [y], color=PAPER, linewidth=1)
        _arrow(axes, join, x + SIDE / 2, y)
        if prediction.fusion:
            sign, size, frame = SIGNS[prediction.fusion]
            axes.text(join, y, sign, ha="center", va="center", fontsize=size,
                      bbox={"boxstyle": frame, "fc": "white", "ec": OURS})  # fmt: skip
        end = target + SIDE / 2 + (0 if target == image else JOIN + 0.09)
        _arrow(axes, x - SIDE / 2, end, y)
        factor = f"{prediction.upsampling}\N{MULTIPLICATION SIGN}"
        axes.text(
            (x - SIDE / 2 + end) / 2, y - 0.05, factor, ha="center", va="bottom", fontsize=FONT
        )
    _plot_grid(axes, image, y, layout.period, OURS)
    name = wrap(net.row, 10)
    if net.streams > 1:
        name += ["mean of", f"{net.streams} streams"]
    axes.text(0.04, y, "\n".join(name), va="center", fontsize=FONT, fontweight="bold")


def _plot_grid(axes: Axes, x: float, y: float, cells: int, colour: str) -> None:
    """A square of so many cells a side."""
    left, top = x - SIDE / 2, y - SIDE / 2
    steps = [i * SIDE / cells for i in range(1, cells)]
    ends = [(left + step, end) for step in steps for end in (top, top + SIDE)]
    ends += [(end, top + step) for step in steps for end in (left, left + SIDE)]
    lines = Lines(ends, [Lines.MOVETO, Lines.LINETO] * (len(ends) // 2))  # one, for a small file
    axes.add_patch(Rectangle((left, top), SIDE, SIDE, fc="white", ec=colour, lw=1, zorder=3))
    axes.add_patch(PathPatch(lines, fill=False, ec=colour, lw=min(0.8, 5 / cells), zorder=3))


def _arrow(axes: Axes, start: float, end: float, y: float) -> None:
    axes.annotate("", (end, y), (start, y), zorder=2,
                  arrowprops={"arrowstyle": "-|>", "color": OURS, "shrinkA": 0, "shrinkB": 0,
                              "mutation_scale": 7, "linewidth": 1})  # fmt: skip


def _in_words(net: Net) -> str:
    """What the net predicts from, in a sentence."""
    first, *others = net.predictions
    text = f"{net.row}: {first.layer} (stride {first.stride}), upsampled {first.upsampling} times"
    for each in others:
        text += (
            f", fused by {each.fusion} with {each.layer} (stride {each.stride}), upsampled "
            f"{each.upsampling} times"
        )
    return f"{text} to the image."
