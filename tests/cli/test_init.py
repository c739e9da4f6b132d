"""A configuration written for a user's own images."""

import re
from pathlib import Path

import numpy as np
import pytest
from fixtures.commands import fcn
from fixtures.own_files import own
from PIL import Image

from fcnlib.cli.own_config import own_config
from fcnlib.config.load import read_config

EXAMPLE = Path("examples/own-images.yaml")


def test_the_example_is_the_template_filled_in() -> None:
    heading = [
        "yaml-language-server: $schema=../config.schema.json",
        "Your own images and masks, laid over config.yaml:",
        "  fcn check mine --config config.yaml --config examples/own-images.yaml",
        "  snakemake all --configfile examples/own-images.yaml",
    ]
    entry = {
        "path": "my-photos",
        "images": "images",
        "masks": "masks",
        "classes": "classes.txt",
        "void": [255],
    }
    comments = {
        "path": "holds images/ID.jpg, masks/ID.png, classes.txt (one name a line)",
        "void": "mask values to leave out",
    }
    text = own_config("mine", entry, heading=heading, comments=comments)
    assert text == EXAMPLE.read_text("utf-8")


def test_the_examples_commented_rows_are_a_learning_curve(tmp_path: Path) -> None:
    text = re.sub(r"^  # (?=mine-| )", "  ", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    config = read_config([Path("config.yaml"), tmp_path / "mine.yaml"])
    assert config.figures["mine-images"].kind == "learning_curve"
    shares = [config.training(name).data.train_share for name in config.experiments]
    assert shares == [1.0, 0.25, 0.5]


def test_what_is_written_is_a_configuration_and_says_what_follows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = own(tmp_path / "own", images=10)
    out = tmp_path / "bikes.yaml"
    code, text = fcn(capsys, "init", folder, "--out", out, "--no-estimate")
    assert code == 0
    assert f"fcn check bikes -c config.yaml -c {out} --sheet sheet.png" in text
    assert "10 images (train 8, val 2) of 48 x 40 pixels" in text
    assert "a fifth of the images is `val`" in text
    written = out.read_text("utf-8")
    assert all(f"# {line}".rstrip() in written for line in text.splitlines() if "wrote" not in line)
    config = read_config([Path("config.yaml"), out])
    (name,) = config.experiments
    recipe = config.training(name).recipe
    assert (config.scale, name, recipe.crop) == ("bikes", "bikes-4s", (64, 64))
    code, text = fcn(capsys, "check", "bikes", "-c", "config.yaml", "-c", out)
    assert code == 0 and "10 images" in text


@pytest.mark.slow
def test_the_minutes_are_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "bikes.yaml"
    code, _ = fcn(capsys, "init", own(tmp_path / "own", images=10), "--out", out)
    assert code == 0
    assert re.search(
        r"^#     about \d+ minutes? on this machine \(", out.read_text("utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("demo.yaml", "config.yaml has a 'demo'; expected another name"),
        ("voc2011.yaml", "config.yaml has a 'voc2011'"),
        ("my bikes.yaml", "expected a name of letters, digits, - and _"),
        ("bikes.txt", "expected a YAML file"),
        ("there.yaml", "is there already; expected another name"),
    ],
)
def test_a_name_that_cannot_be_a_runs_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "there.yaml").write_text("mine: 1\n", "utf-8")
    code, _ = fcn(capsys, "init", own(tmp_path / "own"), "--out", tmp_path / name)
    assert message in str(code) and (tmp_path / "there.yaml").read_text("utf-8") == "mine: 1\n"


def wholly(value: int) -> np.ndarray:
    return np.full((40, 48), value, np.uint8)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (wholly(0), "only one class on all labelled pixels"),
        (np.zeros((40, 40), np.uint8), "mask of another size than its image"),
        (
            np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8),
            "others in the masks; expected a few",
        ),
    ],
)
def test_what_cannot_be_labels_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mask: np.ndarray, message: str
) -> None:
    folder = own(tmp_path / "own", images=5)
    for path in (folder / "masks").iterdir():
        Image.fromarray(mask).save(path)
    code, _ = fcn(capsys, "init", folder, "--out", tmp_path / "bikes.yaml", "--no-estimate")
    assert message in str(code) and "\n" not in str(code)
    assert not (tmp_path / "bikes.yaml").exists()


def test_few_images_are_taken_and_it_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = own(tmp_path / "own", images=3)
    code, text = fcn(capsys, "init", folder, "--out", tmp_path / "few.yaml", "--no-estimate")
    assert code == 0 and "Scores of 1 images say little of others." in text
