"""Sheets of samples: what nets see of images, what they say of them task by task, the truth."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from fcnlib import torchscript
from fcnlib.cards import Classes
from fcnlib.colour import VOID_COLOUR, Labels, as_hex, colour, mistakes, overlay
from fcnlib.datasets.prepared import Prepared
from fcnlib.drawing import new_figure, save
from fcnlib.errors import InputError
from fcnlib.figures_grid import DPI, Legend, Row, draw_grid
from fcnlib.figures_inputs import Views, input_views
from fcnlib.masking import NOTHING_HIDDEN, Hiding, hiding, look
from fcnlib.sampling import as_tensor
from fcnlib.tables import ShownNet

Answers = dict[str, Labels]  # task -> [H, W]
VOID = "void"


class Net(NamedTuple):
    """A model that was read, its name in the table, what it sees and says."""

    row: str
    segment: Any
    inputs: tuple[str, ...]
    tasks: tuple[str, ...]
    hidden: Hiding = NOTHING_HIDDEN


class Sheet(NamedTuple):
    """Rows of pictures, and every label map among them."""

    views: Views
    titles: list[str]
    rows: list[Row]
    labels: list[Answers]
    tasks: Sequence[str]


def load_net(path: Path | str, shown: ShownNet, prepared: Prepared) -> Net:
    """An exported model, ready to label."""
    known = torchscript.about(Path(path))
    if not {"inputs", "classes"} <= known.keys():
        raise InputError(f"{path}: does not say what it sees; expected a model exported anew")
    net, inputs, tasks = torchscript.load(Path(path)), known["inputs"], tuple(known["classes"])
    return Net(shown.row, net, tuple(inputs), tasks, hiding(shown.mask, net, prepared, tasks[0]))


def predict(net: Net, prepared: Prepared, name: str) -> Answers:
    """The net's label of every pixel of an image, by task."""
    stack = look(prepared, name, net.inputs, net.tasks[0], net.hidden)
    seen = as_tensor(stack)[None]  # [1, C, H, W]
    with torch.inference_mode():
        said = net.segment(seen)
    by_task = said if isinstance(said, dict) else {net.tasks[0]: said}
    return {task: labels[0].cpu().numpy() for task, labels in by_task.items()}


def truth_of(prepared: Prepared, name: str, tasks: Sequence[str]) -> Answers:
    """The true label of every pixel of an image, by task."""
    return {task: prepared.label(name, task) for task in tasks}


def comparison_sheet(
    prepared: Prepared, names: Sequence[str], nets: Sequence[Net], tasks: Sequence[str]
) -> Sheet:
    """What the nets see, the labels of each, and the truth; a row for each image and task."""
    inputs = {each for net in nets for each in net.inputs}
    hidden = dict.fromkeys(net.hidden for net in nets)
    views = input_views(prepared, names, inputs, tasks[0], hidden)
    rows, labels = [], []
    for name, seen in zip(names, views.rows, strict=True):
        answers = [predict(net, prepared, name) for net in nets]
        answers.append(truth_of(prepared, name, tasks))
        labels += answers
        for task in tasks:
            first = seen if task == tasks[0] else [None] * len(seen)
            palette = prepared.info.palette[task]
            maps = [colour(a[task], palette) if task in a else None for a in answers]
            rows.append(Row([*first, *maps], task if len(tasks) > 1 else ""))
    titles = [*views.titles, *(net.row for net in nets), "Ground truth"]
    return Sheet(views, titles, rows, labels, tasks)


def example_sheet(prepared: Prepared, headings: Mapping[str, Sequence[str]], net: Net) -> Sheet:
    """What the net sees and says, the truth, the mistakes; a heading for each image and task."""
    views = input_views(prepared, list(headings), net.inputs, net.tasks[0], [net.hidden])
    rows, labels = [], []
    for name, inputs in zip(headings, views.rows, strict=True):
        answers, truth = predict(net, prepared, name), truth_of(prepared, name, net.tasks)
        labels += [answers, truth]
        for task, heading in zip(net.tasks, headings[name], strict=True):
            first = inputs if task == net.tasks[0] else [None] * len(inputs)
            palette, classes = prepared.info.palette[task], len(prepared.info.tasks[task])
            photo, said, true = inputs[0], answers[task], truth[task]
            painted = overlay(photo, said, palette)
            wrong = mistakes(photo, said, true, classes)
            rows.append(Row([*first, painted, colour(true, palette), wrong], heading))
    titles = [*views.titles, "Prediction", "Ground truth", "Mistakes"]
    return Sheet(views, titles, rows, labels, net.tasks)


def save_sheet(
    sheet: Sheet,
    prepared: Prepared,
    image: Path | str,
    card: Path | str,
    *,
    column: float,
    photos: Collection[int] = (),
    caption: str,
    **words: Any,
) -> None:
    """Draw the sheet, columns of so many inches, and its card; `photos` are like images."""
    legends = classes_in(prepared, sheet)
    void = any(name == VOID for legend in legends.values() for name, _ in legend)
    said = [caption, sheet.views.words, "Void is near white and not counted." * void]
    with new_figure(column * len(sheet.titles), 1.0) as canvas:
        draw_grid(
            canvas,
            sheet.rows,
            sheet.titles,
            legends,
            photos={*range(len(sheet.views.titles)), *photos},
            scale=sheet.views.scale,
        )
        legend = all_classes(prepared, sheet.tasks)
        text = " ".join(filter(None, said))
        save(canvas, image, card, dpi=DPI, caption=text, legend=legend, **words)


def of_task(task: str, tasks: Sequence[str]) -> str:
    """The task's name where there are several."""
    return f"{task} " if len(tasks) > 1 else ""


def all_classes(prepared: Prepared, tasks: Sequence[str]) -> tuple[Classes, ...]:
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


def classes_in(prepared: Prepared, sheet: Sheet) -> dict[str, Legend]:
    """By task, the (class, colour) of every class in the sheet's label maps, and of void."""
    found: dict[str, Legend] = {}
    for every in all_classes(prepared, sheet.tasks):
        maps = [labels[every.task] for labels in sheet.labels if every.task in labels]
        occur = sorted(set().union(*(np.unique(each).tolist() for each in maps)))
        some = [every.colours[i] for i in occur if i < len(every.colours)]
        if occur and occur[-1] >= len(every.colours):
            some.append((VOID, as_hex(VOID_COLOUR)))
        found[every.task if len(sheet.tasks) > 1 else ""] = tuple(some)
    return found
