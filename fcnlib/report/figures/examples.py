"""The nets of a table side by side on test images between the worst and the best."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnlib.config.schema_figures import SHEET_PARTS, SheetPart
from fcnlib.report.figures.encode import image_set, without_images
from fcnlib.report.figures.samples import (
    by_rank,
    label_samples,
    plot_samples,
    read_sample_scores,
    scores_by_image,
    sheet_of,
    with_the_worst,
    worst_of_each,
)
from fcnlib.report.figures.style import save_without_nets
from fcnlib.report.image_set import write_image_set
from fcnlib.report.specs import ExamplesSpec

OF_SEVERAL, OF_ONE = 4, 9  # images of the picture, of several nets or of one net alone
OTHERS = 5  # images of the page beside the worst of each net, at least


def plot_examples(
    table: Mapping[str, Any],
    *,
    models: Sequence[Path | str],
    counts: Sequence[Path | str],
    dataset: Path | str,
    image: Path | str,
    info: Path | str,
    images: Path | str,
) -> None:
    """A table's nets on a few images between the worst and the best; of one net, its mistakes.

    More such images, and those that each net does worst, are written for the page, as text.

    Args:
        table: the values of an `ExamplesSpec`.
        models: the nets' model files, one of each, in its order.
        counts: their confusion counts per test image, alike.
        dataset: the folder of the prepared data set.
        image: the picture to write.
        info: the `FigureInfo` to write.
        images: the `ImageSet` to write.
    """
    spec = ExamplesSpec.model_validate(table)
    alone = len(spec.nets) == 1
    columns: tuple[SheetPart, ...] = (*SHEET_PARTS, "mistakes") if alone else SHEET_PARTS
    samples = read_sample_scores(spec.nets, models=models, counts=counts, dataset=dataset)
    fields = {"kind": "examples", "name": spec.table, "table": spec.table, "title": "Examples"}
    if not samples.nets:
        save_without_nets(samples.missing, image, info, **fields)
        write_image_set(images, without_images(samples, spec))
        return
    choice = by_rank(samples, OF_ONE if alone else OF_SEVERAL)
    worst = worst_of_each(samples)
    ranked = with_the_worst(scores_by_image(samples), worst, spec.images, OTHERS)
    names = [*(each.name for each in choice.images), *(name for _, name in ranked)]
    nets = label_samples(samples, list(dict.fromkeys(names)))
    plot_samples(
        samples, choice, sheet_of(samples, choice, nets, columns), image=image, info=info,
        seed=spec.seed, images_of=spec.images_of, **fields,
    )  # fmt: skip
    write_image_set(images, image_set(samples, ranked, worst, nets, spec))
