"""`fcn doctor` as people type it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOPICS = ["fcnlib", "Python", "PyTorch", "cores", "memory", "disk", "/dev/shm", "locale", "git"]
TOPICS += ["Snakemake", "DVC", "Slurm", "Chromium"]


def doctor(folder: Path, **environment: str) -> list[str]:
    """The lines that it prints in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", "from fcnlib.cli.main import main; main()", "doctor"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8").splitlines()


def test_one_screen_tells_what_there_is() -> None:
    lines = doctor(REPOSITORY)
    topics = [line.split()[0] for line in lines[: lines.index("")] if not line.startswith(" ")]
    assert topics == TOPICS
    assert len(lines) <= 24 and max(map(len, lines)) <= 100


def test_a_locale_that_is_not_utf_8_would_hurt(tmp_path: Path) -> None:
    lines = doctor(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    (line,) = (line for line in lines if "export LC_ALL=C.UTF-8" in line)
    assert line.startswith("- the locale is ")


@pytest.mark.parametrize("error", ["ImportError", "OSError"])
def test_a_pytorch_that_cannot_be_imported_is_told(tmp_path: Path, error: str) -> None:
    (tmp_path / "torch.py").write_text(f'raise {error}("libcudart.so.13: not there")\n', "utf-8")
    lines = doctor(tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{REPOSITORY}")
    assert "- PyTorch: libcudart.so.13: not there" in lines
