"""Pictures of predictions: nets side by side, and each net's worst, median and best images."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fcnlib.cards import Scored
from fcnlib.config_data import Frozen
from fcnlib.datasets.prepared import Prepared
from fcnlib.errors import InputError
from fcnlib.figures_sheets import comparison_sheet, example_sheet, load_net, of_task, save_sheet
from fcnlib.metrics import mean_iu
from fcnlib.tables import ShownNet

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

    `models` and `counts` are in the order of the figure's nets, one run of each. Beside the image
    stands what else any of the nets sees; where there are several tasks, each has a row.
    """
    shown, prepared = Comparison.model_validate(figure), Prepared(dataset)
    nets = [load_net(path, net, prepared) for net, path in zip(shown.nets, models, strict=True)]
    tasks = [each for each in prepared.info.tasks if any(each in net.tasks for net in nets)]
    first, last = read_counts(counts[0], tasks), read_counts(counts[-1], tasks)
    both = [each for each in tasks if each in first and each in last]
    if not both:
        raise InputError(f"{counts[-1]}: no task in common with {counts[0]}")
    gains = gain(first[both[0]], last[both[0]])
    chosen = sorted(gains, key=lambda name: (-gains[name], name))[: shown.images]
    gained = ", ".join(f"{name} ({gains[name]:+.1f})" for name in chosen)
    sheet = comparison_sheet(prepared, chosen, nets, tasks)
    save_sheet(
        sheet, prepared, image, card, column=1.18, kind="comparison", title=shown.title,
        caption=f"The {len(chosen)} test images whose {of_task(both[0], tasks)}mean IU gains most "
        f"from {shown.nets[0].row} to {shown.nets[-1].row}, so they show the difference at its "
        f"largest, not a typical case. Top to bottom (gain in points): {gained}. "
        + of_seed(models[0]),
        alt=f"Grid of {len(sheet.rows)} rows with the columns {', '.join(sheet.titles)}.",
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
    """One net's worst, median and best test images: prediction, truth and mistakes, by task."""
    shown, prepared = ShownNet.model_validate(net), Prepared(dataset)
    loaded = load_net(model, shown, prepared)
    tasks = loaded.tasks
    found = read_counts(counts, tasks)
    scores = {task: per_image_iu(found[task]) for task in tasks if task in found}
    if scores.keys() != set(tasks):
        raise InputError(f"{counts}: expected confusion counts per image of {', '.join(tasks)}")
    groups = worst_median_best(scores[tasks[0]], each)
    headings = {
        name: [
            f"{f'{group}   {name}   ' if task == tasks[0] else ''}"
            f"{of_task(task, tasks)}mean IU {_percent(scores[task].get(name))}"
            for task in tasks
        ]
        for group, names in groups.items()
        for name in names
    }
    sheet = example_sheet(prepared, headings, loaded)
    columns, first = len(sheet.titles), scores[tasks[0]]
    save_sheet(
        sheet, prepared, image, card, column=1.3, photos={columns - 3, columns - 1},
        kind="examples", experiment=shown.experiment, title=shown.row,
        worst=tuple(Scored(id=x, mean_iu=round(first[x], 4)) for x in groups["worst"]),
        caption=f"Worst, median and best test images by their own {of_task(tasks[0], tasks)}mean "
        "IU (over the classes that occur in the image or in its prediction). Mistakes are orange. "
        + of_seed(model),
        alt=f"Image, prediction, ground truth and mistakes of {shown.row} on "
        + "; ".join(f"{key}: {', '.join(names)}" for key, names in groups.items()) + ".",
    )  # fmt: skip


def of_seed(model: Path | str) -> str:
    """Which run a picture is of, as it shows only one of several."""
    return f"Predictions of the run with seed {Path(model).stem}."  # models/<experiment>/<seed>.ts


def read_counts(path: Path | str, tasks: Sequence[str]) -> dict[str, Counts]:
    """By task, as far as the file has it: each test image's confusion counts, rows = truth."""
    try:
        with np.load(path, allow_pickle=False) as file:
            ids = list(map(str, file["ids"]))
            found = {task: file[task] for task in tasks if task in file.files}
            counts = {task: dict(zip(ids, each, strict=True)) for task, each in found.items()}
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected confusion counts per image: {error}") from None
    if not counts:
        known = ", ".join(tasks)
        raise InputError(f"{path}: expected confusion counts per image of one of: {known}")
    return counts


def per_image_iu(counts: Counts) -> dict[str, float]:
    """Mean IU of each image in percent; an image without a labelled pixel has none."""
    return {
        name: 100 * mean_iu(torch.from_numpy(count))
        for name, count in counts.items()
        if count.any()
    }


def gain(first: Counts, last: Counts) -> dict[str, float]:
    """How many points more mean IU an image has in the last counts than in the first."""
    before, after = per_image_iu(first), per_image_iu(last)
    return {name: after[name] - before[name] for name in after if name in before}


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


def _percent(score: float | None) -> str:
    """None where no pixel of the image is labelled."""
    return "unknown" if score is None or math.isnan(score) else f"{score:.1f}%"
