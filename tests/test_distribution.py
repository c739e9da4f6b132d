"""Wheel and sdist: all of the package, at work where nothing else of this repository is."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
import yaml
from fixtures.models import model_info
from packaging.requirements import Requirement
from PIL import Image

from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
SNIPPET = """
from fcnlib import build_fcn, load_model
labels = load_model("net.ts").predict("photo.png")
assert labels.shape == (40, 60) and set(labels.ravel()) <= {0, 1, 2}
assert build_fcn("vgg16", predict_from=("fc7", "pool4"), classes=5, width=1 / 32) is not None
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist of what is committed, and the wheel that is built of it."""
    folder = tmp_path_factory.mktemp("built")
    run("git", "clone", "--quiet", REPOSITORY, folder / "clone")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist"]
    run(*command, folder / "clone")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def empty(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and nothing that it does not ask for."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder)
    (site,) = folder.glob("lib/python3*/site-packages")
    for each in needed():
        for name in {Path(file).parts[0] for file in each.files or []} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(Path(str(each.locate_file(name))))
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", "--disable-pip-version-check", built[1])
    return folder / "bin"


def needed() -> Iterator[Distribution]:
    """What the package needs without extras, and what that needs in turn."""
    seen: dict[str, Distribution] = {}
    left = [Requirement(text) for text in PROJECT["dependencies"]]
    while left:
        wanted = left.pop()
        if wanted.name in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        seen[wanted.name] = distribution(wanted.name)
        left += [Requirement(text) for text in seen[wanted.name].requires or []]
    yield from seen.values()


def run(*command: object, cwd: Path | None = None) -> str:
    """What a command prints; one that fails, fails the test with that."""
    hidden = ("PYTHONPATH", "PIP_", "GIT_")
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if not key.startswith(hidden)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_the_wheel_that_the_sdist_makes_has_every_file(built: tuple[Path, Path]) -> None:
    listed = run("git", "ls-files", "fcnlib", "fcn_synthetic", cwd=REPOSITORY).split()
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == set(listed)


@pytest.mark.slow
def test_a_small_environment_predicts(empty: Path, tmp_path: Path) -> None:
    info = model_info(classes={"semantic": ["a", "b", "c"]})
    net = build_fcn(classes=3, width=1 / 32, padding=1, fc6_kernel=3)
    export_torchscript(net, tmp_path / "net.ts", info=info)
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "photo.png")
    printed = run(
        empty / "fcn", "predict", "photo.png", "--model", "net.ts", "--out", "out", cwd=tmp_path
    )
    assert "1 label image" in printed
    with Image.open(tmp_path / "out/photo.png") as labels:
        assert labels.size == (60, 40)
    run(empty / "python", "-c", SNIPPET, cwd=tmp_path)


@pytest.mark.slow
def test_a_small_environment_has_neither_snakemake_nor_dvc(empty: Path, tmp_path: Path) -> None:
    printed = run(empty / "fcn", "doctor", cwd=tmp_path)
    assert re.search(r"^Snakemake +not installed", printed, re.M)
    assert re.search(r"^DVC +not installed", printed, re.M)
    assert str(empty.parent) in printed
    assert "predict" in run(empty / "fcn", "--help", cwd=tmp_path)


def test_the_version_is_said_once() -> None:
    """What is cited, and what the changes of are told, is what is installed."""
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    released = re.findall(
        r"^## (\d\S+) \((\S+)\)$", (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    if released:
        assert released[0] == (PROJECT["version"], str(citation["date-released"]))
