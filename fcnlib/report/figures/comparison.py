"""The nets of a figure side by side on the images where the last one gains most."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnlib.core.errors import InputError
from fcnlib.report.figures.samples import (
    Choice,
    Counts,
    SampleScores,
    by_rank,
    label_samples,
    per_image_iu,
    plot_samples,
    read_sample_scores,
    sheet_of,
)
from fcnlib.report.figures.sheets import Chosen, of_task
from fcnlib.report.figures.style import save_without_nets
from fcnlib.report.specs import ComparisonSpec


def plot_comparison(
    figure: Mapping[str, Any],
    *,
    models: Sequence[Path | str],
    counts: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    info: Path | str,
) -> None:
    """A figure's nets on the images where the last one gains most on the first.

    Args:
        figure: the values of a `ComparisonSpec`.
        models: the nets' model files, one of each, in its order.
        counts: their confusion counts per test image, alike.
        dataset: the folder of the prepared data set.
        image: the picture to write.
        info: the `FigureInfo` to write.
    """
    spec = ComparisonSpec.model_validate(figure)
    samples = read_sample_scores(spec.nets, models=models, counts=counts, dataset=dataset)
    fields = {
        "kind": "comparison", "name": spec.name, "section": spec.section, "title": spec.title
    }  # fmt: skip
    if not samples.nets:
        save_without_nets(samples.missing, image, info, **fields)
        return
    choice = (by_gain if len(samples.nets) > 1 else by_rank)(samples, spec.images)
    nets = label_samples(samples, [each.name for each in choice.images])
    plot_samples(
        samples, choice, sheet_of(samples, choice, nets, spec.columns), image=image, info=info,
        seed=spec.seed, images_of=spec.images_of, note=spec.note, **fields,
    )  # fmt: skip


def by_gain(samples: SampleScores, images: int) -> Choice:
    """The images where the last net gains most on the first, and how they were chosen."""
    first, last = samples.counts[0], samples.counts[-1]
    both = [task for task in samples.tasks if task in first.tasks and task in last.tasks]
    if not both:
        raise InputError(f"{last.path}: no task in common with {first.path}")
    gains = gain(first.tasks[both[0]], last.tasks[both[0]])
    names = sorted(gains, key=lambda name: (-gains[name], name))[:images]
    return Choice(
        [Chosen(name, f"{gains[name]:+.1f} points") for name in names],
        f"The {len(names)} test images whose {of_task(both[0], samples.tasks)}mean IU gains most "
        f"from {samples.nets[0].row} to {samples.nets[-1].row}, so they show the difference at its "
        "largest, not a typical case.",
    )


def gain(first: Counts, last: Counts) -> dict[str, float]:
    """How many points more mean IU an image has in the last counts than in the first."""
    before, after = per_image_iu(first), per_image_iu(last)
    return {name: after[name] - before[name] for name in after if name in before}
