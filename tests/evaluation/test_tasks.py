"""Models of several tasks and inputs: scored, written in the published format and read back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.inputs import TASKS
from fixtures.tasks import BOTH, scored, trained, training
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.confusion import FOREGROUND, without_background
from fcnlib.evaluation.metrics import confusion, scores
from fcnlib.inference.convert import convert, to_caffemodel
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint, read_metadata


def by_hand(rooms: PreparedDataset, model: Path, task: str, inputs: Sequence[str]) -> Tensor:
    """The counts of a task, image by image."""
    net = load_model(model)
    found = []
    for name in rooms.ids("test"):
        labels = net.labels(torch.from_numpy(rooms.stack(name, inputs))[None])[task][0]
        found.append(confusion(labels, rooms.label(name, task), len(TASKS[task])))
    return torch.stack(found)


@pytest.fixture(scope="module")
def two(rooms: PreparedDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees colours and depth and knows both tasks."""
    folder = tmp_path_factory.mktemp("two")
    values = training(("rgb", "depth"), iterations=30, validate_every=30)
    export_checkpoint(trained(rooms, folder, values), folder / "net.ts")
    return folder / "net.ts"


@pytest.mark.parametrize("foreground", [False, True])
def test_counts_and_scores_are_of_every_task(
    rooms: PreparedDataset, two: Path, tmp_path: Path, foreground: bool
) -> None:
    metrics, counts = scored(rooms, two, tmp_path, foreground=foreground)
    assert counts["ids"].tolist() == rooms.ids("test") and metrics["images"] == 4
    assert list(metrics["tasks"]) == [*BOTH, *([FOREGROUND] if foreground else [])]
    for task in BOTH:
        expected = by_hand(rooms, two, task, ("rgb", "depth"))
        assert torch.equal(torch.from_numpy(counts[task]), expected)
        found = scores(expected.sum(0), background=task == "semantic")
        recorded = metrics["tasks"][task]
        assert {name: recorded[name] for name in found} == pytest.approx(found)
        assert recorded.keys() - found.keys() == {"class_iu"} and len(recorded["class_iu"]) == len(
            TASKS[task]
        )
    assert metrics["costs"]["conv_layers"] == 16


def test_the_foreground_is_what_is_truly_an_object_without_background_to_choose(
    rooms: PreparedDataset, two: Path, tmp_path: Path
) -> None:
    metrics, counts = scored(rooms, two, tmp_path, foreground=True)
    net = load_model(two)
    for name, found in zip(rooms.ids("test"), counts[FOREGROUND], strict=True):
        image = torch.from_numpy(rooms.stack(name, ("rgb", "depth")))[None]
        choice = net.scores(net.normalise(image))[0, 1:3].argmax(0)  # box or ball
        truth = rooms.label(name, "semantic")
        expected = [
            [int(((truth == t) & (choice.numpy() == c)).sum()) for c in (0, 1)] for t in (1, 2)
        ]
        assert found.tolist() == expected
    total = torch.from_numpy(counts[FOREGROUND].sum(0))
    recorded = metrics["tasks"][FOREGROUND]
    assert {name: recorded[name] for name in scores(total)} == pytest.approx(scores(total))


def test_labels_without_their_background_count_from_zero() -> None:
    labels = torch.tensor([0, 1, 2, 254, 255], dtype=torch.uint8)
    assert without_background(labels).tolist() == [255, 0, 1, 253, 255]


def test_a_data_set_without_a_background_has_no_foreground(
    rooms: PreparedDataset, tmp_path: Path
) -> None:
    short = {"iterations": 1, "validate_every": 1}
    path = trained(rooms, tmp_path, training(tasks=("geometric",), **short))
    export_checkpoint(path, tmp_path / "net.ts")
    with pytest.raises(InputError, match=r"foreground: geometric begins with 'flat'; expected"):
        scored(rooms, tmp_path / "net.ts", tmp_path, foreground=True)
    assert not (tmp_path / "m.json").exists()


def test_a_model_of_inputs_or_tasks_that_the_data_set_lacks_is_refused(
    world: Path, two: Path, rooms: PreparedDataset, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"net\.ts: sees depth; .*voc2011-sbd has rgb$"):
        scored(PreparedDataset(world), two, tmp_path, split="seg11valid")
    short = {"iterations": 1, "validate_every": 1}
    path = trained(rooms, tmp_path / "geo", training(tasks=("geometric",), **short))
    export_checkpoint(path, tmp_path / "geo.ts")
    with pytest.raises(InputError, match=r"geo\.ts: knows geometric; .*-sbd has semantic$"):
        scored(PreparedDataset(world), tmp_path / "geo.ts", tmp_path, split="seg11valid")
    assert not (tmp_path / "m.json").exists()


PUBLISHED: list[tuple[str, Sequence[str], Sequence[str], dict[str, Any]]] = [
    ("nyud-fcn32s-color-heavy", ("rgb",), ("semantic",), {}),
    ("nyud-fcn32s-hha-heavy", ("hha",), ("semantic",), {}),
    ("nyud-fcn32s-color-hha-heavy", ("rgb", "hha"), ("semantic",), {"streams": ("color", "hha")}),
    ("siftflow-fcn8s-heavy", ("rgb",), BOTH, {"predict_from": ("fc7", "pool4", "pool3")}),
]


@pytest.mark.parametrize(("name", "inputs", "tasks", "net"), PUBLISHED)
def test_a_net_written_in_the_published_format_is_read_back_with_its_scores(
    rooms: PreparedDataset,
    tmp_path: Path,
    name: str,
    inputs: Sequence[str],
    tasks: Sequence[str],
    net: dict[str, Any],
) -> None:
    short = {"iterations": 6, "validate_every": 6}
    path = trained(rooms, tmp_path, training(inputs, tasks, net, **short))
    to_caffemodel(path, tmp_path / f"{name}.caffemodel")
    to = "fcn8s-vgg16" if "predict_from" in net else "fcn32s-vgg16"
    info = rooms.info
    labels: dict[str, Any] = {"classes": info.tasks, "palette": info.palette}
    convert(tmp_path / f"{name}.caffemodel", to, tmp_path / "back.pt", **labels)
    found = []
    for each in (path, tmp_path / "back.pt"):
        export_checkpoint(each, tmp_path / "net.ts")
        metadata = read_metadata(tmp_path / "net.ts")
        assert metadata.inputs == tuple(inputs) and list(metadata.classes) == list(tasks)
        assert metadata.palette == {task: info.palette[task] for task in tasks}
        found.append(scored(rooms, tmp_path / "net.ts", tmp_path)[0]["tasks"])
    assert found[0] == found[1]
