"""`fcn evaluate` as people type it."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.commands import fcn
from fixtures.exports import write_net
from fixtures.own_files import net, own
from fixtures.runs import RUN
from PIL import Image

from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.inference.export.export import export
from fcnlib.inference.model import load_model


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A folder of four images and masks of two classes."""
    return own(tmp_path / "street")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return net(tmp_path, ("ground", "thing"))


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scores_are_the_workflows_to_the_last_digit(
    capsys: pytest.CaptureFixture[str], world: Path, tmp_path: Path
) -> None:
    path = net(tmp_path, PreparedDataset(world).info.tasks["semantic"])
    files = {"metrics": tmp_path / "0.json", "counts": tmp_path / "0.npz"}
    evaluate(path, dataset=world, split="seg11valid", device="cpu", run=RUN, **files)
    expected = json.loads(files["metrics"].read_text("utf-8"))["tasks"]["semantic"]
    code, text = fcn(
        capsys, "evaluate", path, world, "--split", "seg11valid", "--out", tmp_path / "out"
    )
    assert code == 0 and "split seg11valid: 6 images" in text
    found = json.loads((tmp_path / "out" / "scores.json").read_text("utf-8"))["tasks"]["semantic"]
    assert {key: found[key] for key in expected} == expected
    counts = np.load(files["counts"])["semantic"].sum(0)
    assert found["confusion"] == counts.tolist()
    assert f"mean IU          {100 * expected['mean_iu']:5.1f}" in text


def test_a_folder_of_images_and_masks_is_scored(
    capsys: pytest.CaptureFixture[str], street: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores"
    code, text = fcn(capsys, "evaluate", model, street, "--out", out, "--band", 2, "--worst", 3)
    assert code == 0 and "on street, split all: 4 images" in text
    loaded = load_model(model)
    correct = total = 0
    for path in sorted((street / "images").iterdir()):
        with Image.open(street / "masks" / path.name) as mask:
            right = loaded.predict(path) == np.array(mask)
        correct, total = correct + right.sum(), total + right.size
    scores = json.loads((out / "scores.json").read_text("utf-8"))
    task = scores["tasks"]["semantic"]
    assert task["pixel_accuracy"] == pytest.approx(correct / total, rel=1e-6)
    assert scores["band"] == 2 and len(task["worst"]) == 3
    images = {row["image"]: float(row["mean_iu"]) for row in rows(out / "images.csv")}
    assert list(images) == ["im0", "im1", "im2", "im3"]
    assert task["worst"][0] == min(images, key=lambda id: (images[id], id))
    confusion = rows(out / "confusion.csv")
    assert [row["truth"] for row in confusion] == ["ground", "thing"]
    assert sum(int(row[name]) for row in confusion for name in ("ground", "thing")) == total
    classes = rows(out / "classes.csv")
    assert [row["class"] for row in classes] == ["ground", "thing"]
    assert [float(row["iu"] or "nan") for row in classes] == pytest.approx(task["class_iu"])


def test_a_list_and_the_models_own_class_names_are_enough(
    capsys: pytest.CaptureFixture[str], street: Path, model: Path
) -> None:
    (street / "classes.txt").unlink()
    (street / "few.txt").write_text("im1\nim3\n", "utf-8")
    code, text = fcn(capsys, "evaluate", model, street, "--list", "few.txt")
    assert code == 0 and "split few: 2 images" in text and "ground" in text


def test_the_same_of_every_kind_of_model_file(
    capsys: pytest.CaptureFixture[str], street: Path, tmp_path: Path
) -> None:

    (street / "classes.txt").write_text("road\na|b *\ntree\n", "utf-8")
    write_net(tmp_path / "net.pt", predict_from=("fc7",), fc6_kernel=3)
    printed = []
    for end in (".pt", ".ts", ".caffemodel"):
        if end != ".pt":
            export(tmp_path / "net.pt", tmp_path / f"net{end}")
        code, text = fcn(capsys, "evaluate", tmp_path / f"net{end}", street)
        assert code == 0
        printed.append(text.partition("\n")[2])
    assert len(set(printed)) == 1


def blank(street: Path) -> None:
    (street / "masks" / "im0.png").unlink()


def three_classes(street: Path) -> None:
    (street / "classes.txt").write_text("ground\nthing\nother\n", "utf-8")


def wrong_value(street: Path) -> None:
    Image.fromarray(np.full((40, 48), 7, np.uint8)).save(street / "masks" / "im2.png")


@pytest.mark.parametrize(
    ("change", "options", "line"),
    [
        (blank, [], r"no mask of that name"),
        (three_classes, [], r"net\.ts: knows 2 classes .*; expected the 3 of"),
        (wrong_value, [], r"im2\.png: value 7 at row 0, column 0; expected 0\.\.1 or void"),
        (None, ["--list", "none.txt"], r"none\.txt"),
        (None, ["--masks", "labels"], r"labels"),
        (None, ["--classes", "none.txt"], r"none\.txt: no class list"),
    ],
)
def test_what_cannot_be_scored_is_named_in_one_line(
    capsys: pytest.CaptureFixture[str],
    street: Path,
    model: Path,
    change: Any,
    options: list[str],
    line: str,
) -> None:
    if change:
        change(street)
    error, _ = fcn(capsys, "evaluate", model, street, *options)
    assert re.search(line, str(error)) and "\n" not in str(error), error


def test_splits_and_inputs_that_do_not_fit_are_named(
    capsys: pytest.CaptureFixture[str], rooms: PreparedDataset, world: Path, model: Path
) -> None:
    error, _ = fcn(capsys, "evaluate", model, world)
    assert "splits train, seg11valid; expected --split" in str(error)
    error, _ = fcn(capsys, "evaluate", model, rooms.root, "--split", "test")
    assert "knows 2 classes" in str(error)
