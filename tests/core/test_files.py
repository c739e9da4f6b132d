"""Files and folders are written atomically."""

import fcntl
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from fcnlib.core import files
from fcnlib.core.files import atomic_folder, atomic_write, resumable_folder

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
@pytest.mark.parametrize("name", ["set.png", "set", "x" * 250, "ä" * 120 + ".png"])
def test_what_a_killed_process_left_is_removed_by_the_next(
    tmp_path: Path, how: str, name: str
) -> None:
    target = tmp_path / name
    subprocess.run([sys.executable, "-c", KILLED, how, str(target)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(f".{name[:3]}") and left.suffix == ".tmp"
    other = tmp_path / f".other{left.name}"
    (other / "half").mkdir(parents=True)
    with getattr(files, how)(target) as temporary:
        assert temporary.suffix == target.suffix  # writers choose the format by it
        if how == "atomic_write":
            temporary.touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([other.name, name])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_is_removed_with_what_a_killed_process_left_of_it(
    tmp_path: Path, is_there: bool
) -> None:
    target = tmp_path / "net.pt.resume"
    if is_there:
        target.write_text("whole", "utf-8")
    subprocess.run([sys.executable, "-c", KILLED, "atomic_write", str(target)], check=False)
    with atomic_write(tmp_path / "net.pt.resume2") as being_written:
        files.remove(target)
        assert list(tmp_path.iterdir()) == [being_written.parent]
        being_written.touch()


def abandon(folder: Path, *, age: float) -> Path:
    """What a process of another machine left beside `set.png`, so many seconds ago."""
    left = folder / ".set.png.cafebabe-0123456789abcdef.tmp"
    left.mkdir()
    (left / "set.png").write_text("half", "utf-8")
    for path in (left / "set.png", left):
        os.utime(path, (time.time() - age, time.time() - age))
    return left


@pytest.mark.parametrize("age", [60, 7200])
def test_what_another_machine_left_is_removed_once_it_is_old(tmp_path: Path, age: float) -> None:
    """Its process may run, and the lock of a disk in the network may not reach this one."""
    left = abandon(tmp_path, age=age)
    with atomic_write(tmp_path / "set.png") as temporary:
        temporary.touch()
    assert left.exists() == (age == 60)


def test_what_is_old_and_written_to_by_a_process_that_runs_is_kept(tmp_path: Path) -> None:
    left = abandon(tmp_path, age=7200)
    handle = os.open(left, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with atomic_write(tmp_path / "set.png") as temporary:
        temporary.touch()
    os.close(handle)
    assert left.exists()


def test_two_writers_of_a_file_share_nothing(tmp_path: Path) -> None:
    """Whoever ends last is kept, whole, whatever names their machines and processes have."""
    target = tmp_path / "net.pt"
    with atomic_write(target) as first:
        first.write_text("first", "utf-8")
        with atomic_write(target) as second:
            second.write_text("sec", "utf-8")
            assert first != second and first.read_text("utf-8") == "first"
        assert target.read_text("utf-8") == "sec"
    assert target.read_text("utf-8") == "first"
    assert names(tmp_path) == ["net.pt"]


def test_writers_of_one_file_at_once_never_fail_or_mix(tmp_path: Path) -> None:
    """Each also looks for what killed ones left, and must leave the others' alone."""
    target = tmp_path / "a.txt"

    def write(number: int) -> None:
        with atomic_write(target, durable=False) as temporary:
            temporary.write_text(str(number) * 1000, "utf-8")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [1, 2, 3, 4] * 50))
    assert set(target.read_text("utf-8")) in ({"1"}, {"2"}, {"3"}, {"4"})
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["a.txt", "y" * 240, "é" * 120])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path, name: str) -> None:
    with atomic_write(tmp_path / name) as temporary:
        temporary.write_text("whole", "utf-8")
    with resumable_folder(tmp_path / f"f{name[1:]}", "0" * 64) as folder:
        (folder / "file").touch()
    assert names(tmp_path) == sorted([name, f"f{name[1:]}", f"f{name[1:]}/file"])


def test_only_what_is_left_of_the_same_folder_is_removed(tmp_path: Path) -> None:
    others = ["voc.v1", "a", "b", "vo", "voc2", "voc.v1.old"]
    for name in others:
        with suppress(KeyboardInterrupt), resumable_folder(tmp_path / name, "1" * 64) as folder:
            (folder / "work").touch()
            raise KeyboardInterrupt
    kept = names(tmp_path)
    for name in ("voc", "[ab]", "v?c", "voc.*"):
        with resumable_folder(tmp_path / name, "2" * 64):
            pass
    assert names(tmp_path) == sorted([*kept, "voc", "[ab]", "v?c", "voc.*"])
    with resumable_folder(tmp_path / "voc.v1", "3" * 64):
        pass
    assert not [name for name in names(tmp_path) if name.startswith(".voc.v1.1")]


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="no /proc to name files by")
def test_nothing_is_renamed_before_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order: the content, the name, and the folder that holds the name."""
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def record_sync(handle: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{handle}')).name}")
        sync(handle)

    def record_replace(source: Path, target: Path) -> None:
        done.append(f"replace {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_replace)
    with atomic_write(tmp_path / "net.pt") as temporary:
        temporary.write_text("whole", "utf-8")
    assert done == ["sync net.pt", "replace net.pt", f"sync {tmp_path.name}"]
    done.clear()
    with resumable_folder(tmp_path / "set", "0" * 64) as folder:
        (folder / "image.png").touch()
    assert done == ["sync image.png", "replace set", f"sync {tmp_path.name}"]


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
