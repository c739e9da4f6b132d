"""Sheets of samples: images, what nets see of them, their predictions by task, the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling, fromarray

from fcnlib.config.schema_figures import SheetPart
from fcnlib.core.errors import InputError
from fcnlib.datasets.colours import VOID_COLOUR, Image, Labels, as_hex, colour, mistakes
from fcnlib.datasets.masking import InputMask, input_mask, masked_input
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_tensor
from fcnlib.inference.model import Model, read_net
from fcnlib.report.figures.grid import DPI, Legend, PictureRow, plot_grid
from fcnlib.report.figures.info import Classes
from fcnlib.report.figures.inputs import MASKED, Views, input_views
from fcnlib.report.figures.style import NOTICE_HEIGHT, NOTICES, new_figure, save
from fcnlib.report.specs import Images, NetSpec

Predictions = dict[str, Labels]  # by task, [H, W]
VOID_NAME = "void"
ACROSS = 7  # pictures side by side; the others follow below
CELL = 1.2  # inches
SIDE = 500  # pixels of the longer side of an image, at most: those of own images may be thousands


class LabelledNet(NamedTuple):
    """A net's name in the table, its inputs and its tasks, and what it labels some images."""

    row: str
    inputs: tuple[str, ...]
    tasks: tuple[str, ...]
    input_mask: InputMask
    labels: dict[str, Predictions]  # by image

    @property
    def title(self) -> str:
        """The name, and what the net sees if it is not the whole image."""
        kind = self.input_mask.kind
        return self.row if kind == "none" else f"{self.row} (sees {MASKED[kind].lower()})"


class Chosen(NamedTuple):
    """An image of a sheet, and its place among all."""

    name: str
    why: str


class PictureColumn(NamedTuple):
    """A picture of each of the images."""

    title: str
    pictures: Sequence[Image]
    smooth: bool = False  # shrinks smoothly, as an image does; others keep their exact colours


class Sheet(NamedTuple):
    """Rows of pictures, and every label map among them."""

    views: Views
    titles: list[str]
    rows: list[PictureRow]
    labels: list[Predictions]
    tasks: Sequence[str]


def label_images(
    paths: Sequence[Path | str],
    specs: Sequence[NetSpec],
    prepared: PreparedDataset,
    names: Sequence[str],
) -> list[LabelledNet]:
    """What each of some nets labels the images.

    One net at a time is in memory, and a file is read once for all the rows that it serves.

    Args:
        paths: The model file of each net.
        specs: The nets, in their order.
        prepared: The data set.
        names: IDs of the images.
    """
    rows: dict[Path, list[int]] = {}
    for row, path in enumerate(map(Path, paths)):
        rows.setdefault(path, []).append(row)
    found = {}
    for path, served in rows.items():
        model = _load(path)
        for row in served:
            found[row] = _labelled(model, specs[row], prepared, names)
        del model  # before the next is read
    return [found[row] for row in range(len(specs))]


def _load(path: Path) -> Model:
    net, info = read_net(path)
    if not info.inputs or not info.classes:
        raise InputError(f"{path}: its metadata lack inputs; expected a model exported anew")
    return Model.of(net, info, path=path, device="cpu", precision="fp32", compiled=False)


def _labelled(
    model: Model, spec: NetSpec, prepared: PreparedDataset, names: Sequence[str]
) -> LabelledNet:
    inputs, tasks = model.info.inputs, tuple(model.info.classes)
    mask = input_mask(spec.mask, model, prepared, tasks[0])
    labels = {}
    for name in names:
        seen = as_tensor(masked_input(prepared, name, inputs, tasks[0], mask))[None]  # [1, C, H, W]
        by_task = model.labels(seen)
        labels[name] = {
            task: at_most(SIDE, each[0].cpu().numpy()) for task, each in by_task.items()
        }
    return LabelledNet(spec.row, inputs, tasks, mask, labels)


def truth_of(prepared: PreparedDataset, name: str, tasks: Sequence[str]) -> Predictions:
    """The true label of every pixel of an image of this size at most, by task."""
    return {task: at_most(SIDE, prepared.label(name, task)) for task in tasks}


def at_most(
    side: int, pixels: NDArray[np.uint8], way: Resampling = Resampling.NEAREST
) -> NDArray[np.uint8]:
    """An image or label map whose longer side has no more pixels."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    share = side / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(fromarray(pixels).resize(size, way))


def sample_sheet(
    prepared: PreparedDataset,
    chosen: Sequence[Chosen],
    nets: Sequence[LabelledNet],
    tasks: Sequence[str],
    parts: Sequence[SheetPart],
) -> Sheet:
    """For each image and task the parts from left to right, on as many lines as they need.

    Args:
        prepared: The data set.
        chosen: The images, from top to bottom.
        nets: The nets whose labels of these images are shown.
        tasks: The tasks, one after the other for each image.
        parts: Kinds of pictures, from left to right.
    """
    names = [each.name for each in chosen]
    inputs = {each for net in nets for each in net.inputs}
    masks = dict.fromkeys(net.input_mask for net in nets)
    seen = (inputs, masks) if "inputs" in parts else ((), ())
    views = input_views(prepared, names, *seen, task=tasks[0])
    images = [at_most(SIDE, prepared.image(name), Resampling.LANCZOS) for name in names]
    truth = [truth_of(prepared, name, tasks) for name in names]
    by_task = {}

    def labels_of(net: LabelledNet) -> list[Predictions]:
        return [net.labels[name] for name in names]

    for task in tasks:
        of_part: Mapping[SheetPart, Sequence[PictureColumn]] = {
            "image": [PictureColumn("Image", images, smooth=True)],
            "inputs": [PictureColumn(*view, smooth=True) for view in views.columns],
            "truth": [label_column("Ground truth", truth, prepared, task)],
            "nets": [
                label_column(net.title, labels_of(net), prepared, task)
                for net in nets
                if task in net.tasks
            ],
            "mistakes": [
                mistake_column(images, labels_of(net), truth, prepared, task)
                for net in nets
                if task in net.tasks
            ],
        }
        by_task[task] = [column for part in parts for column in of_part[part]]
    titles = list(dict.fromkeys(column.title for task in tasks for column in by_task[task]))
    maps = [*truth, *(labels for net in nets for labels in labels_of(net))]
    return Sheet(views, titles, _rows(by_task, chosen), maps, tasks)


def _rows(
    by_task: Mapping[str, Sequence[PictureColumn]], chosen: Sequence[Chosen]
) -> list[PictureRow]:
    """A row for each image, task and line of columns; the lines are as even as can be."""
    rows = []
    for place, (name, why) in enumerate(chosen):
        heading = f"{name}   {why}"
        for task, columns in by_task.items():
            if len(by_task) > 1:
                heading = f"{heading}   {task}".strip()
            across = -(-len(columns) // -(-len(columns) // ACROSS))
            for first in range(0, len(columns), across):
                line = columns[first : first + across]
                rows.append(
                    PictureRow(
                        [column.pictures[place] for column in line],
                        [column.title for column in line],
                        heading,
                        [column.smooth for column in line],
                    )
                )
                heading = ""
    return rows


def label_column(
    title: str, predicted: Sequence[Predictions], prepared: PreparedDataset, task: str
) -> PictureColumn:
    """One task's labels of every image."""
    palette = prepared.info.palette[task]
    return PictureColumn(title, [colour(labels[task], palette) for labels in predicted])


def mistake_column(
    images: Sequence[Image],
    predicted: Sequence[Predictions],
    truth: Sequence[Predictions],
    prepared: PreparedDataset,
    task: str,
) -> PictureColumn:
    """Where a net's labels are not the true ones.

    Args:
        images: RGB [H, W, 3] of each image.
        predicted: The net's labels of each image, [H, W] by task.
        truth: The true labels of each image, [H, W] by task.
        prepared: The data set.
        task: The task that is compared.
    """
    classes = len(prepared.info.tasks[task])
    found = [
        mistakes(image, labels[task], true[task], classes)
        for image, labels, true in zip(images, predicted, truth, strict=True)
    ]
    return PictureColumn("Mistakes (orange)", found, smooth=True)


def save_sheet(
    sheet: Sheet,
    prepared: PreparedDataset,
    image: Path | str,
    info: Path | str,
    *,
    caption: str,
    images: Images,
    **fields: Any,
) -> None:
    """Plot the sheet and write its `FigureInfo`.

    Args:
        sheet: The rows of pictures.
        prepared: The data set, for the classes' colours.
        image: The picture to write.
        info: The `FigureInfo` to write.
        caption: The beginning of the caption; notes on the pictures follow.
        images: Whose images they are.
        fields: Further fields of the `FigureInfo`.
    """
    legends = classes_in(prepared, sheet)
    sentences = [caption, sheet.views.note]
    if any(name == VOID_NAME for legend in legends.values() for name, _ in legend):
        sentences.append("Void is near white and not counted.")
    with new_figure(CELL * max(len(row.pictures) for row in sheet.rows), 1.0) as canvas:
        foot = NOTICE_HEIGHT if NOTICES[images] else 0.0
        plot_grid(canvas, sheet.rows, legends, scale=sheet.views.scale, foot=foot)
        legend = all_classes(prepared, sheet.tasks)
        text = " ".join(filter(None, sentences))
        save(canvas, image, info, dpi=DPI, images=images, caption=text, legend=legend, **fields)


def of_task(task: str, tasks: Sequence[str]) -> str:
    """The task's name where there are several."""
    return f"{task} " if len(tasks) > 1 else ""


def all_classes(prepared: PreparedDataset, tasks: Sequence[str]) -> tuple[Classes, ...]:
    """Every class of the data set with its colour, by task."""
    name, palettes = prepared.info.name, prepared.info.palette
    return tuple(
        Classes(
            dataset=name,
            task=task,
            colours=tuple(zip(names, map(as_hex, palettes[task]), strict=True)),
        )
        for task, names in prepared.info.tasks.items()
        if task in tasks
    )


def classes_in(prepared: PreparedDataset, sheet: Sheet) -> dict[str, Legend]:
    """By task, the (class, colour) of every class in the sheet's label maps, and of void."""
    found: dict[str, Legend] = {}
    for every in all_classes(prepared, sheet.tasks):
        maps = [labels[every.task] for labels in sheet.labels if every.task in labels]
        occur = sorted(set().union(*(np.unique(each).tolist() for each in maps)))
        some = [every.colours[i] for i in occur if i < len(every.colours)]
        if occur and occur[-1] >= len(every.colours):
            some.append((VOID_NAME, as_hex(VOID_COLOUR)))
        found[every.task if len(sheet.tasks) > 1 else ""] = tuple(some)
    return found
