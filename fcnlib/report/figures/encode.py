"""Test images with the truth and each net's labels as text, which the page embeds."""

import base64
import io
import zlib
from collections.abc import Collection, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Resampling, fromarray

from fcnlib.datasets.colours import Image, Labels, as_hex
from fcnlib.evaluation.metrics import class_iu
from fcnlib.report.figures.samples import SampleScores, per_image_iu, scores_by_image
from fcnlib.report.figures.sheets import SIDE, LabelledNet, at_most, truth_of
from fcnlib.report.image_set import WORST, ImageLabels, ImageSet, ReducedImage, TaskLabels
from fcnlib.report.specs import ExamplesSpec

SIDES = (SIDE, 400, 320)  # pixels; the largest of which all images fit the budget
QUALITY = 70  # of photographs, of 100


def image_set(
    samples: SampleScores,
    ranked: Sequence[tuple[int, str]],
    worst: Collection[str],
    nets: Sequence[LabelledNet],
    spec: ExamplesSpec,
) -> ImageSet:
    """The images in as few bytes as the table may have: smaller first, and then fewer.

    Args:
        samples: the nets and the data set.
        ranked: rank and ID of each image, from the worst.
        worst: IDs of those that a net does worst, which are left out last.
        nets: the nets with their labels of these images.
        spec: the table.
    """
    budget = int(spec.megabytes * 1e6)
    for side in SIDES:
        found = _encoded(samples, ranked, nets, spec, side)
        if found.size <= budget:
            return found
    return found.at_most(budget, worst)


def without_images(samples: SampleScores, spec: ExamplesSpec) -> ImageSet:
    """What there is of a table none of whose nets was available."""
    return ImageSet(
        table=spec.table, seed=spec.seed, tested=0, side=SIDE, reduced=False, images=(), tasks={},
        missing=tuple(samples.missing),
    )  # fmt: skip


def _encoded(
    samples: SampleScores,
    ranked: Sequence[tuple[int, str]],
    nets: Sequence[LabelledNet],
    spec: ExamplesSpec,
    side: int,
) -> ImageSet:
    names = [name for _, name in ranked]
    sizes = {name: samples.prepared.size(name) for name in names}
    return ImageSet(
        table=spec.table,
        seed=spec.seed,
        tested=len(scores_by_image(samples)),
        side=side,
        worst=WORST,
        reduced=any(max(size) > side for size in sizes.values()),
        images=tuple(_image(samples, *each, side) for each in ranked),
        tasks={task: _task(samples, names, nets, task, side) for task in samples.tasks},
        elsewhere=tuple(samples.elsewhere),
        missing=tuple(samples.missing),
    )


def _image(samples: SampleScores, rank: int, name: str, side: int) -> ReducedImage:
    pixels = at_most(side, samples.prepared.image(name), Resampling.LANCZOS)
    height, width = pixels.shape[:2]
    uri = f"data:image/webp;base64,{_webp(pixels)}"
    return ReducedImage(name=name, rank=rank, width=width, height=height, photograph=uri)


def _webp(pixels: Image) -> str:
    buffer = io.BytesIO()
    fromarray(pixels).save(buffer, "WEBP", quality=QUALITY)
    return base64.b64encode(buffer.getvalue()).decode()


def _task(
    samples: SampleScores,
    names: Sequence[str],
    nets: Sequence[LabelledNet],
    task: str,
    side: int,
) -> TaskLabels:
    """The nets that were scored on the task, and what they label each image."""
    info = samples.prepared.info
    scored = [
        (spec, net, counts.tasks[task])
        for spec, net, counts in zip(samples.nets, nets, samples.counts, strict=True)
        if task in counts.tasks
    ]
    means = [per_image_iu({x: counts[x] for x in names if x in counts}) for _, _, counts in scored]
    images = []
    for name in names:
        maps = [
            truth_of(samples.prepared, name, [task]),
            *(net.labels[name] for _, net, _ in scored),
        ]
        images.append(
            ImageLabels(
                maps=_packed([at_most(side, each[task]) for each in maps]),
                mean_iu=tuple(_rounded(each.get(name)) for each in means),
                class_iu=tuple(_by_class(counts.get(name)) for _, _, counts in scored),
            )
        )
    colours = tuple(zip(info.tasks[task], map(as_hex, info.palette[task]), strict=True))
    return TaskLabels(
        nets=tuple(net.title for _, net, _ in scored),
        experiments=tuple(spec.experiment for spec, _, _ in scored),
        classes=colours,
        images=tuple(images),
    )


def _packed(maps: Sequence[Labels]) -> str:
    """Below each other, where zlib finds what is alike; no picture, which browsers may alter."""
    return base64.b64encode(zlib.compress(np.stack(maps).tobytes(), 9)).decode()


def _by_class(counts: NDArray[np.int64] | None) -> dict[int, float]:
    found = [] if counts is None else class_iu(torch.from_numpy(counts)).tolist()
    return {index: round(100 * iu, 1) for index, iu in enumerate(found) if iu == iu}


def _rounded(iu: float | None) -> float | None:
    return None if iu is None else round(iu, 1)
