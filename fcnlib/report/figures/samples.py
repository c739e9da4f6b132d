"""Nets' scores of single test images, and images chosen between worst and best."""

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnlib.archives.unavailable import is_mark
from fcnlib.config.schema_figures import SheetPart
from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.counts import image_mean_iu, read_counts
from fcnlib.report.figures.sheets import (
    Chosen,
    LabelledNet,
    Sheet,
    label_images,
    of_task,
    sample_sheet,
    save_sheet,
)
from fcnlib.report.figures.style import not_shown
from fcnlib.report.image_set import WORST, even_steps, even_steps_beside
from fcnlib.report.specs import Images, NetSpec

Counts = dict[str, NDArray[np.int64]]  # image -> [C, C]


class CountsFile(NamedTuple):
    """A net's counts of every test image, by task, and the file that they are from."""

    path: Path | str
    tasks: dict[str, Counts]

    @property
    def images(self) -> set[str]:
        return {name for counts in self.tasks.values() for name in counts}


class SampleScores(NamedTuple):
    """Nets that were tested on the same images, and what they scored on each of them."""

    prepared: PreparedDataset
    nets: Sequence[NetSpec]
    models: Sequence[Path | str]  # the file of each net
    counts: Sequence[CountsFile]  # of each net
    tasks: Sequence[str]
    elsewhere: Sequence[str]  # the rows of nets that were tested on other images
    missing: Sequence[str]  # those of nets that were not available


class Choice(NamedTuple):
    """The chosen images, and how they were chosen, in a sentence."""

    images: list[Chosen]
    how: str


def read_sample_scores(
    nets: Sequence[NetSpec],
    *,
    models: Sequence[Path | str],
    counts: Sequence[Path | str],
    dataset: Path | str,
) -> SampleScores:
    """The nets' counts; `models` and `counts` are in the order of the nets."""
    prepared = PreparedDataset(dataset)
    there = [not is_mark(Path(path)) for path in models]
    missing = [net.row for net, is_here in zip(nets, there, strict=True) if not is_here]
    nets, models = list(compress(nets, there)), list(compress(models, there))
    if not nets:
        return SampleScores(prepared, [], [], [], [], [], missing)
    every = [_by_image(path, list(prepared.info.tasks)) for path in compress(counts, there)]
    kept = [i for i, each in enumerate(every) if every[0].images & each.images]
    return SampleScores(
        prepared,
        [nets[i] for i in kept],
        [models[i] for i in kept],
        [every[i] for i in kept],
        [task for task in prepared.info.tasks if any(task in each.tasks for each in every)],
        [net.row for i, net in enumerate(nets) if i not in kept],
        missing,
    )


def label_samples(samples: SampleScores, names: Sequence[str]) -> list[LabelledNet]:
    """The nets with their labels of the images, which must be of what they were scored on."""
    nets = label_images(samples.models, samples.nets, samples.prepared, names)
    for net, counts in zip(nets, samples.counts, strict=True):
        if not counts.tasks.keys() <= set(net.tasks):
            tasks = ", ".join(net.tasks)
            raise InputError(
                f"{counts.path}: expected confusion counts per image of one of: {tasks}"
            )
    return nets


def sheet_of(
    samples: SampleScores,
    choice: Choice,
    nets: Sequence[LabelledNet],
    columns: Sequence[SheetPart],
) -> Sheet:
    """The chosen images as the nets label them, with these columns from left to right."""
    return sample_sheet(samples.prepared, choice.images, nets, samples.tasks, columns)


def plot_samples(
    samples: SampleScores,
    choice: Choice,
    sheet: Sheet,
    *,
    image: Path | str,
    info: Path | str,
    seed: int,
    images_of: Images,
    note: str = "",
    **fields: Any,
) -> None:
    """Plot the chosen images as the nets label them, and write the figure's `FigureInfo`.

    Args:
        samples: the nets and the data set.
        choice: the images, one row each.
        sheet: the pictures.
        image: the picture to write.
        info: the `FigureInfo` to write.
        seed: of the runs whose predictions these are.
        images_of: whose images they are.
        note: what the caption adds.
        fields: further fields of the `FigureInfo`.
    """
    sentences = [choice.how]
    if samples.elsewhere:
        others = ", ".join(samples.elsewhere)
        sentences.append(f"Tested on other images, so not shown: {others}.")
    sentences.append(not_shown(samples.missing))
    sentences += [f"Predictions of the run with seed {seed}.", note]
    images = "; ".join(f"{each.name} ({each.why})" for each in choice.images)
    alt = f"Grid of {len(choice.images)} images with the columns {', '.join(sheet.titles)}."
    save_sheet(
        sheet, samples.prepared, image, info, caption=" ".join(filter(None, sentences)),
        alt=f"{alt} Images: {images}.", images=images_of, **fields,
    )  # fmt: skip


def by_rank(samples: SampleScores, images: int) -> Choice:
    """Images at even steps from the worst to the best, and how they were chosen."""
    task, scores = samples.tasks[0], scores_by_image(samples)
    averaged = ", averaged over the nets" if len(_known(samples)) > 1 else ""
    chosen = [
        Chosen(name, f"rank {rank} of {len(scores)}, mean IU {scores[name]:.1f}%")
        for rank, name in at_even_steps(scores, images)
    ]
    return Choice(
        chosen,
        f"{len(chosen)} test images at even steps of rank from the worst to the best, by "
        f"{of_task(task, samples.tasks)}mean IU{averaged} (of one image: over the classes that "
        "occur in it or in its prediction).",
    )


def scores_by_image(samples: SampleScores) -> dict[str, float]:
    """Of each image its mean IU of the first task, averaged over the nets that have this task."""
    known, first = _known(samples), samples.counts[0].path
    if not known:
        raise InputError(f"{first}: expected confusion counts per image of {samples.tasks[0]}")
    by_net = [per_image_iu(counts) for counts in known]
    common = set(by_net[0]).intersection(*by_net)
    if not common:
        raise InputError(f"{first}: no test image in common with the others")
    return {name: fmean(each[name] for each in by_net) for name in common}


def _known(samples: SampleScores) -> list[Counts]:
    """The counts of the first task of each net that has it."""
    task = samples.tasks[0]
    return [each.tasks[task] for each in samples.counts if task in each.tasks]


def at_even_steps(scores: Mapping[str, float], count: int) -> list[tuple[int, str]]:
    """Ranks from 1, the worst, to the best, and the images that have them."""
    ranked = _ranked(scores)
    return [(step + 1, ranked[step]) for step in even_steps(len(ranked), count)]


def with_the_worst(
    scores: Mapping[str, float], worst: Collection[str], count: int, others: int
) -> list[tuple[int, str]]:
    """Ranks from 1, the worst, and the images that have them: `worst`, and others at even steps.

    Args:
        scores: of each image.
        worst: images that are among them whatever their rank.
        count: how many images in all.
        others: how many at even steps at least.
    """
    ranked = _ranked(scores)
    kept = {rank for rank, name in enumerate(ranked) if name in worst}
    chosen = even_steps_beside(kept, range(len(ranked)), max(count, len(kept) + others))
    return [(place + 1, ranked[place]) for place in chosen]


def _ranked(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda name: (scores[name], name))


def worst_of_each(samples: SampleScores) -> set[str]:
    """The images that a net does worst, a few of each net, by its own first task."""
    ranked = scores_by_image(samples)
    found: set[str] = set()
    for net in samples.counts:
        own = per_image_iu(next(iter(net.tasks.values())))
        found.update(sorted(filter(ranked.__contains__, own), key=own.__getitem__)[:WORST])
    return found


def _by_image(path: Path | str, tasks: Sequence[str]) -> CountsFile:
    """A net's counts, as far as the file has these tasks."""
    ids, found = read_counts(path, tasks)
    return CountsFile(
        path, {task: dict(zip(ids, each, strict=True)) for task, each in found.items()}
    )


def per_image_iu(counts: Counts) -> dict[str, float]:
    """Mean IU of each image in percent; an image without a labelled pixel has none."""
    if not counts:
        return {}
    by_image = zip(counts, image_mean_iu(np.stack(list(counts.values()))), strict=True)
    return {name: iu for name, iu in by_image if iu is not None}
