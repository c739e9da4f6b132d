"""Files and folders are written atomically."""

import subprocess
import sys
from pathlib import Path

import pytest

from fcnlib.core.files import atomic_folder, atomic_write

KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from fcnlib.core import files
    with getattr(files, sys.argv[1])(Path(sys.argv[2])) as temporary:
        (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
"""
ANOTHER = """if True:
    import sys
    from pathlib import Path
    from fcnlib.core.files import atomic_write
    with atomic_write(Path(sys.argv[1])) as temporary:
        temporary.write_text("theirs")
"""


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old", "utf-8")
    with pytest.raises(OSError, match="disk full"), atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("half", "utf-8")
        raise OSError("disk full")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text("utf-8") == "old"


def test_a_failed_folder_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "old").touch()
    with pytest.raises(OSError, match="disk full"), atomic_folder(tmp_path / "set") as temporary:
        (temporary / "half").touch()
        raise OSError("disk full")
    assert [str(p.relative_to(tmp_path)) for p in sorted(tmp_path.rglob("*"))] == ["set", "set/old"]


@pytest.mark.parametrize("how", ["atomic_write", "atomic_folder"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, how: str) -> None:
    target = tmp_path / "set.png"
    subprocess.run([sys.executable, "-c", KILLED, how, str(target)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".set.") and left.suffix == ".png"
    (tmp_path / ".other.host-1.tmp.png").touch()
    if how == "atomic_write":
        with atomic_write(target) as temporary:
            temporary.touch()
    else:
        with atomic_folder(target):
            pass
    assert names(tmp_path) == [".other.host-1.tmp.png", "set.png"]


def test_a_process_that_runs_keeps_its_unfinished_file(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("mine", "utf-8")
        subprocess.run([sys.executable, "-c", ANOTHER, str(tmp_path / "a.txt")], check=True)
        assert (tmp_path / "a.txt").read_text("utf-8") == "theirs"
    assert (tmp_path / "a.txt").read_text("utf-8") == "mine"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_on_another_disk_stays_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "set").symlink_to(tmp_path / "disk" / "set")
    for content in ("one", "two"):
        with atomic_folder(tmp_path / "set") as temporary:
            (temporary / content).touch()
    assert (tmp_path / "set").is_symlink()
    assert names(tmp_path / "disk") == ["set", "set/two"]
