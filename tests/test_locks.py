"""The locks have what pyproject.toml asks for, and `make` finds a Python that they are for."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
LOCKS = REPOSITORY / "requirements"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
UV = tomllib.loads((LOCKS / "uv.toml").read_text("utf-8"))["pip"]


def pins(name: str) -> dict[str, str]:
    """The version of each package of a lock, on a system that is not Windows."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (LOCKS / name).read_text("utf-8"), re.M)
    return {canonicalize_name(package): version for package, version in found}


def asked_for(*extras: str) -> list[Requirement]:
    """What the package needs, with these extras."""
    optional = PROJECT["project"]["optional-dependencies"]
    texts = [*PROJECT["project"]["dependencies"], *(each for e in extras for each in optional[e])]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("run.lock", ["workflow"]),
        ("dev.lock", list(PROJECT["project"]["optional-dependencies"])),
    ],
)
def test_a_lock_has_what_is_asked_for(lock: str, extras: list[str]) -> None:
    pinned = pins(lock) | pins("torch.txt")
    wanted = [each for each in asked_for(*extras) if canonicalize_name(each.name) != "fcnlib"]
    wrong = [
        str(each)
        for each in wanted
        if not each.specifier.contains(pinned.get(canonicalize_name(each.name), "0"))
    ]
    assert wanted
    assert not wrong, "`make lock` makes it anew"


def test_running_and_developing_use_the_same_versions() -> None:
    developing = pins("dev.lock")
    for name in ("run.lock", "build.lock"):
        pinned = pins(name)
        assert pinned == {p: developing.get(p, v) for p, v in pinned.items()}


def test_every_pin_of_a_lock_has_a_hash() -> None:
    for path in LOCKS.glob("*.lock"):
        lines = path.read_text("utf-8").splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            assert "==" not in line or following.startswith("    --hash=sha256:"), line


def test_no_lock_asks_for_cuda() -> None:
    """A build for CPUs, of the same version, needs none of its gigabytes."""
    names = [name for path in LOCKS.glob("*.lock") for name in pins(path.name)]
    assert not [name for name in names if re.match("cuda|nvidia|triton|torch$|torchvision", name)]


def test_the_same_packages_are_no_wheels_to_who_locks_and_who_installs() -> None:
    named = re.search(r"--no-binary (\S+)", (LOCKS / "install.sh").read_text("utf-8"))
    assert named and named[1].split(",") == UV["no-binary"]
    assert set(UV["no-binary"]) <= pins("run.lock").keys()


@pytest.mark.parametrize(
    "choice", ["PYTHONS=no-such-python", "PYTHON=no-such-python", "PYTHON=/bin/false"]
)
def test_make_names_the_pythons_that_fit_in_one_line(choice: str, tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    command = ["make", "--silent", ".venv/bin/python", choice]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    line, *rest = done.stderr.splitlines()
    assert done.returncode != 0
    assert line.startswith("error: expected Python 3.11, 3.12 or 3.13")
    assert len(rest) <= 1  # that of make
    assert not (tmp_path / ".venv").exists()
