"""Pictures of predictions: nets side by side, and each net's worst, median and best images."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from fcnlib import torchscript
from fcnlib.cards import Scored
from fcnlib.colour import VOID_COLOUR, Image, Labels, as_hex, colour, mistakes, overlay
from fcnlib.config import Frozen
from fcnlib.counting import TASK
from fcnlib.datasets.prepared import Prepared
from fcnlib.drawing import bare, new_figure, save
from fcnlib.errors import InputError
from fcnlib.metrics import mean_iu
from fcnlib.tables import ShownNet

DPI = 150
Legend = tuple[tuple[str, str], ...]
Counts = dict[str, NDArray[np.int64]]  # image -> [C, C]


class Comparison(Frozen):
    """Nets side by side on the same images."""

    name: str
    title: str
    nets: tuple[ShownNet, ...]
    images: int


def draw_comparison(
    figure: Mapping[str, Any],
    *,
    models: Sequence[Path | str],
    counts: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    card: Path | str,
) -> None:
    """Image, each net's labels, truth: on the images where the last net gains most on the first.

    `models` and `counts` are in the order of the figure's nets, one run of each.
    """
    shown = Comparison.model_validate(figure)
    prepared = Prepared(dataset)
    first, last = per_image_iu(read_counts(counts[0])), per_image_iu(read_counts(counts[-1]))
    gains = {name: last[name] - first[name] for name in last if name in first}
    chosen = sorted(gains, key=lambda name: (-gains[name], name))[: shown.images]
    nets = [torchscript.load(Path(path)) for path in models]
    rows = []
    for photo, truth in map(prepared.pair, chosen):
        rows.append([photo, *(predict(net, photo) for net in nets), truth])
    palette = prepared.info.palette[TASK]
    titles = ["Image", *(net.row for net in shown.nets), "Ground truth"]
    seen = [labels for row in rows for labels in row[1:]]
    gained = ", ".join(f"{name} ({gains[name]:+.1f})" for name in chosen)
    with new_figure(1.18 * len(titles), 1.0) as canvas:
        pictures = [[row[0], *(colour(labels, palette) for labels in row[1:])] for row in rows]
        draw_grid(
            canvas, pictures, titles, [""] * len(rows), classes_in(prepared, seen), photos={0}
        )
        save(
            canvas, image, card, dpi=DPI, kind="comparison", title=shown.title,
            caption=f"The {len(chosen)} test images whose mean IU gains most from "
            f"{shown.nets[0].row} to {shown.nets[-1].row}, so they show the difference at its "
            f"largest, not a typical case. Top to bottom (gain in points): {gained}. Void is "
            f"drawn near white. {of_seed(models[0])}",
            alt=f"Grid of {len(chosen)} rows with the columns {', '.join(titles)}.",
            legend=all_classes(prepared),
        )  # fmt: skip


def draw_examples(
    net: Mapping[str, Any],
    *,
    model: Path | str,
    counts: Path | str,
    dataset: Path | str,
    image: Path | str,
    card: Path | str,
    each: int = 3,
) -> None:
    """One net's worst, median and best test images: prediction, truth and mistakes."""
    shown = ShownNet.model_validate(net)
    prepared = Prepared(dataset)
    palette, classes = prepared.info.palette[TASK], len(prepared.info.tasks[TASK])
    scores = per_image_iu(read_counts(counts))
    groups = worst_median_best(scores, each)
    loaded = torchscript.load(Path(model))
    pictures, headings, seen = [], [], []
    for group, name in [(group, name) for group, names in groups.items() for name in names]:
        photo, truth = prepared.pair(name)
        labels = predict(loaded, photo)
        painted, true = overlay(photo, labels, palette), colour(truth, palette)
        pictures.append([photo, painted, true, mistakes(photo, labels, truth, classes)])
        headings.append(f"{group}   {name}   mean IU {scores[name]:.1f}%")
        seen += [labels, truth]
    worst = tuple(Scored(id=name, mean_iu=round(scores[name], 4)) for name in groups["worst"])
    with new_figure(5.2, 1.0) as canvas:
        titles = ["Image", "Prediction", "Ground truth", "Mistakes"]
        draw_grid(canvas, pictures, titles, headings, classes_in(prepared, seen), photos={0, 1, 3})
        save(
            canvas, image, card, dpi=DPI, kind="examples", experiment=shown.experiment,
            title=shown.row, legend=all_classes(prepared), worst=worst,
            caption="Worst, median and best test images by their own mean IU (over the classes "
            "that occur in the image or in its prediction). Mistakes are orange; void is near "
            f"white and not counted. {of_seed(model)}",
            alt=f"Image, prediction, ground truth and mistakes of {shown.row} on "
            + "; ".join(f"{key}: {', '.join(names)}" for key, names in groups.items()) + ".",
        )  # fmt: skip


def of_seed(model: Path | str) -> str:
    """Which run a picture is of, as it shows only one of several."""
    return f"Predictions of the run with seed {Path(model).stem}."  # models/<experiment>/<seed>.ts


def read_counts(path: Path | str) -> Counts:
    """Each test image's confusion counts, rows = truth."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(zip(map(str, file["ids"]), file[TASK], strict=True))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected confusion counts per image: {error}") from None


def per_image_iu(counts: Counts) -> dict[str, float]:
    """Mean IU of each image in percent; an image without a labelled pixel has none."""
    return {
        name: 100 * mean_iu(torch.from_numpy(count))
        for name, count in counts.items()
        if count.any()
    }


def worst_median_best(scores: Mapping[str, float], each: int) -> dict[str, list[str]]:
    """Names of images, worst first; never one image in two groups."""
    ranked = sorted(scores, key=lambda name: (scores[name], name))
    each = min(each, len(ranked) // 3) or 1
    middle = (len(ranked) - each) // 2
    groups = {
        "worst": ranked[:each],
        "median": ranked[middle : middle + each],
        "best": ranked[-each:],
    }
    seen: set[str] = set()
    for key, names in groups.items():
        groups[key] = [name for name in names if name not in seen]
        seen |= set(names)
    return groups


def predict(model: Any, photo: Image) -> Labels:
    """The net's label of every pixel."""
    batch = torch.from_numpy(photo).permute(2, 0, 1)[None]  # [1, 3, H, W]
    labels: Labels = model(batch)[0].cpu().numpy()
    return labels


def all_classes(prepared: Prepared) -> Legend:
    """(class, colour) of every class of the data set."""
    names, palette = prepared.info.tasks[TASK], prepared.info.palette[TASK]
    return tuple((name, as_hex(rgb)) for name, rgb in zip(names, palette, strict=True))


def classes_in(prepared: Prepared, labels: Sequence[Labels]) -> Legend:
    """(class, colour) of every class that occurs in the label maps."""
    every = all_classes(prepared)
    found = sorted(set().union(*(np.unique(item).tolist() for item in labels)))
    return tuple(every[i] for i in found if i < len(every))


def draw_grid(
    canvas: Figure,
    pictures: Sequence[Sequence[Image]],
    titles: Sequence[str],
    headings: Sequence[str],
    legend: Legend,
    *,
    photos: Collection[int] = (),
) -> None:
    """Rows of pictures under column titles, a heading over each row, the legend below.

    The columns of `photos` shrink smoothly; all others keep their exact colours.
    """
    width = canvas.get_figwidth()
    cell, gap, top = width / len(titles), 0.04, 0.26
    heading = 0.22 if any(headings) else gap
    heights = [(cell - gap) * row[0].shape[0] / row[0].shape[1] + heading for row in pictures]
    columns = max(1, int(width / 1.15))
    below = 0.18 + 0.17 * -(-(len(legend) + 1) // columns)
    total = top + sum(heights) + below
    canvas.set_figheight(total)
    canvas.set_layout_engine("none")
    for column, title in enumerate(titles):
        size = min(9.0, 108 * cell / len(title))  # a long name must not run into the next
        canvas.text((column + 0.5) / len(titles), 1 - 0.15 / total, title,
                    ha="center", va="center", fontsize=size, fontweight="bold")  # fmt: skip
    y = total - top
    for row, text, height in zip(pictures, headings, heights, strict=True):
        if text:
            canvas.text(0.02 / width, (y - 0.12) / total, text, va="center", fontsize=9)
        for column, picture in enumerate(row):
            box = (column * cell + gap / 2, y - height, cell - gap, height - heading)
            axes = canvas.add_axes((box[0] / width, box[1] / total, box[2] / width, box[3] / total))
            smooth = column in photos and picture.shape[1] > (cell - gap) * DPI
            axes.imshow(picture, interpolation="auto" if smooth else "nearest", aspect="auto")
            bare(axes)
        y -= height
    draw_legend(canvas, legend, columns)


def draw_legend(canvas: Figure, legend: Legend, columns: int) -> None:
    """The classes' colours at the bottom, and that of void."""
    patches = [
        Patch(facecolor=value, edgecolor="#8a9099", label=name)
        for name, value in (*legend, ("void", as_hex(VOID_COLOUR)))
    ]
    canvas.legend(handles=patches, loc="lower left", ncols=columns, fontsize=8,
                  handlelength=1.1, columnspacing=1.0, borderaxespad=0.1)  # fmt: skip
