"""Pictures of predictions: the nets of a table, or of a figure, side by side on some images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from fcnlib.config.schema_data import Frozen
from fcnlib.config.schema_figures import PARTS, Part
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.metrics import mean_iu
from fcnlib.report.figures.sheets import (
    Chosen,
    load_nets,
    of_task,
    sample_sheet,
    save_sheet,
)
from fcnlib.report.specs import NetSpec

Counts = dict[str, NDArray[np.int64]]  # image -> [C, C]
OF_TABLE, OF_ONE = 4, 9  # images of a table's sheet, and where that has one net alone


class Samples(Frozen):
    """Nets side by side on the same images, and the columns from left to right."""

    kind: Literal["comparison", "examples"]
    title: str
    table: str = ""
    nets: tuple[NetSpec, ...]
    images: int = OF_TABLE
    columns: tuple[Part, ...] = PARTS
    note: str = ""


class Scored(NamedTuple):
    """A net's counts of every test image, by task, and the file that they are from."""

    path: Path | str
    tasks: dict[str, Counts]


def draw_comparison(figure: Mapping[str, Any], **files: Any) -> None:
    """A figure's nets on the images where the last one gains most on the first."""
    _draw(Samples.model_validate({"kind": "comparison", **figure}), **files)


def draw_examples(table: Mapping[str, Any], **files: Any) -> None:
    """A table's nets on a few images between the worst and the best; of one net, its mistakes."""
    shown = Samples.model_validate({"kind": "examples", "title": "Examples", **table})
    if len(shown.nets) == 1:
        shown = shown.model_copy(update={"images": OF_ONE, "columns": (*PARTS, "mistakes")})
    _draw(shown, **files)


def _draw(
    shown: Samples,
    *,
    models: Sequence[Path | str],
    counts: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    card: Path | str,
) -> None:
    """`models` and `counts` are in the order of the nets, one run of each."""
    prepared = PreparedDataset(dataset)
    nets = load_nets(models, shown.nets, prepared)
    tasks = [each for each in prepared.info.tasks if any(each in net.tasks for net in nets)]
    scored = [Scored(path, read_counts(path, tasks)) for path in counts]
    rows = [net.row for net in shown.nets]
    kept, others = _of_same_images(scored)
    choose = _by_gain if shown.kind == "comparison" and len(nets) > 1 else _by_rank
    chosen, how = choose([scored[i] for i in kept], [rows[i] for i in kept], tasks, shown.images)
    sheet = sample_sheet(prepared, chosen, [nets[i] for i in kept], tasks, shown.columns)
    without = ", ".join(rows[i] for i in others)
    said = [
        how,
        f"Tested on other images, so not shown: {without}." * bool(others),
        # checkpoints/<experiment>/<seed>.pt
        f"Predictions of the run with seed {Path(models[0]).stem}.",
        shown.note,
    ]
    save_sheet(
        sheet, prepared, image, card, kind=shown.kind, title=shown.title, table=shown.table,
        caption=" ".join(filter(None, said)),
        alt=f"Grid of {len(chosen)} images with the columns {', '.join(sheet.titles)}. Images: "
        + "; ".join(f"{each.name} ({each.why})" for each in chosen)
        + ".",
    )  # fmt: skip


def _of_same_images(scored: Sequence[Scored]) -> tuple[list[int], list[int]]:
    """Which nets were tested on images of the first one's, and which were not."""
    first = _images(scored[0])
    kept = [i for i, each in enumerate(scored) if first & _images(each)]
    return kept, [i for i in range(len(scored)) if i not in kept]


def _images(scored: Scored) -> set[str]:
    return {name for counts in scored.tasks.values() for name in counts}


def _by_gain(
    scored: Sequence[Scored], rows: Sequence[str], tasks: Sequence[str], images: int
) -> tuple[list[Chosen], str]:
    """The images where the last net gains most on the first, and how they were chosen."""
    first, last = scored[0], scored[-1]
    both = [task for task in tasks if task in first.tasks and task in last.tasks]
    if not both:
        raise InputError(f"{last.path}: no task in common with {first.path}")
    gains = gain(first.tasks[both[0]], last.tasks[both[0]])
    names = sorted(gains, key=lambda name: (-gains[name], name))[:images]
    return [Chosen(name, f"{gains[name]:+.1f} points") for name in names], (
        f"The {len(names)} test images whose {of_task(both[0], tasks)}mean IU gains most from "
        f"{rows[0]} to {rows[-1]}, so they show the difference at its largest, not a typical case."
    )


def _by_rank(
    scored: Sequence[Scored], _: Sequence[str], tasks: Sequence[str], images: int
) -> tuple[list[Chosen], str]:
    """Images at even steps from the worst to the best, and how they were chosen."""
    task = tasks[0]
    known = [each for each in scored if task in each.tasks]
    if not known:
        raise InputError(f"{scored[0].path}: expected confusion counts per image of {task}")
    by_net = [per_image_iu(each.tasks[task]) for each in known]
    common = set(by_net[0]).intersection(*by_net)
    if not common:
        raise InputError(f"{scored[0].path}: no test image in common with the others")
    scores = {name: fmean(each[name] for each in by_net) for name in common}
    chosen = [
        Chosen(name, f"rank {rank} of {len(scores)}, mean IU {scores[name]:.1f}%")
        for rank, name in at_even_steps(scores, images)
    ]
    return chosen, (
        f"{len(chosen)} test images at even steps of rank from the worst to the best, by "
        f"{of_task(task, tasks)}mean IU{', averaged over the nets' * (len(known) > 1)} (of one "
        "image: over the classes that occur in it or in its prediction)."
    )


def at_even_steps(scores: Mapping[str, float], count: int) -> list[tuple[int, str]]:
    """Ranks from 1, the worst, to the best, and the images that have them."""
    ranked = sorted(scores, key=lambda name: (scores[name], name))
    count = min(count, len(ranked))
    steps = [i * (len(ranked) - 1) // max(count - 1, 1) for i in range(count)]
    return [(step + 1, ranked[step]) for step in steps]


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
