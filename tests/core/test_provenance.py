"""Where a result came from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fcnlib.core.provenance import provenance

REPOSITORY = Path(__file__).parents[2]


def test_a_result_records_where_it_came_from() -> None:
    recorded = provenance(seed=3, device="cpu", threads=1, values={"a": 1})
    assert recorded["seed"] == 3 and recorded["values"] == {"a": 1}
    assert recorded["device"].startswith("cpu: ") and recorded["precision"] == "fp32"
    assert {"python", "torch", "numpy"} <= recorded["versions"].keys()


def git(folder: Path, *arguments: str) -> str:
    """What git printed in a folder, without anything of the user's own configuration."""
    person = ("-c", "user.name=A user", "-c", "user.email=user@example.org")
    command = ["git", *person, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def surrounding(tmp_path: Path) -> Path:
    """A repository with a commit, and in it an untracked copy of the package."""
    (tmp_path / "README").write_text("Another project\n", "utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    shutil.copytree(REPOSITORY / "fcnlib", tmp_path / "lib/fcnlib", symlinks=True)
    return tmp_path


def recorded(package: Path, **environment: str) -> tuple[str, bool]:
    """The commit that a copy of the package records, and whether there are changes to it."""
    code = (
        "from fcnlib.core.provenance import provenance\n"
        "found = provenance(seed=0, device='cpu', threads=1, values={})\n"
        "print(found['commit'], found['dirty'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    commit, dirty = done.stdout.split()
    return commit, dirty == "True"


def test_a_repository_around_a_copy_of_the_package_is_not_its_own(surrounding: Path) -> None:
    assert recorded(surrounding / "lib") == ("unknown", False)


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_a_variable_that_names_another_repository_changes_nothing(
    surrounding: Path, name: str
) -> None:
    git(surrounding, "add", "lib")
    git(surrounding, "commit", "--quiet", "--message", "Take a copy in")
    own = git(surrounding, "rev-parse", "HEAD")
    assert recorded(surrounding / "lib") == (own, False)
    other = surrounding / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    assert recorded(surrounding / "lib", **{name: str(other / ".git")}) == (own, False)
    with open(surrounding / "lib/fcnlib/__init__.py", "a", encoding="utf-8") as file:
        file.write("\n")
    assert recorded(surrounding / "lib") == (own, True)


def test_no_program_of_a_repository_runs(surrounding: Path) -> None:
    git(surrounding, "config", "core.fsmonitor", f"touch {surrounding}/ran; false")
    recorded(surrounding / "lib")
    assert not (surrounding / "ran").exists()
