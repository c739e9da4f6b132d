"""Atomic writes: files and folders appear complete or not at all."""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fcnlib.core.errors import InputError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it on success and removed on failure."""
    path = Path(path)
    temporary = _temporary_name(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:  # a full disk's names no file, others the temporary one
        if error.errno and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def name_os_errors(name: object) -> Iterator[None]:
    """Name this file in the system's errors: a full disk's name none, others a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(name)) from None


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, moved there on success and removed on failure.

    Whatever is at `path` is deleted: whether it may be is for the caller to check.
    """
    path = Path(path).resolve()  # a link stays, as to a larger disk
    temporary = _temporary_name(path)
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def resumable_folder(path: Path, key: str) -> Iterator[Path]:
    """A folder beside `path` that a stopped process leaves to the next with the same `key`.

    It takes the place of `path` on success and is removed on failure; folders of other keys are
    removed at once. `key` is a hash of all that the content depends on.
    """
    path = Path(path).resolve()  # a link stays, as to a larger disk
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{key[:16]}.part")
    for other in path.parent.glob(f".{path.name}.*.part"):
        if other != part:
            with _locked(other):
                shutil.rmtree(other)
    part.mkdir(exist_ok=True)
    with _locked(part):
        try:
            yield part
            if path.exists():
                shutil.rmtree(path)
            os.replace(part, path)
        except Exception:  # not an interruption: the next process would fail in the same way
            shutil.rmtree(part, ignore_errors=True)
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; an error where another process holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        target = folder.with_name(re.sub(r"^\.(.*)\.\w+\.part$", r"\1", folder.name))
        raise InputError(f"{target}: another process is writing it; wait for its end") from None
    finally:
        os.close(handle)


def _temporary_name(path: Path) -> Path:
    """A temporary name beside `path` with its process's number; removes what killed ones left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The machine too: on a cluster's disk, a process that does not run here may run elsewhere.
    prefix = f".{path.stem}.{platform.node().partition('.')[0]}-"
    # The suffix stays last: writers such as Pillow and NumPy choose the format by it.
    end = f".tmp{path.suffix}"
    pattern = re.compile(rf"{re.escape(prefix)}(\d+){re.escape(end)}")
    for other in filter(None, map(pattern.fullmatch, os.listdir(path.parent))):
        if not _is_another_running(int(other[1])):
            leftover = path.parent / other[0]
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink(missing_ok=True)
    return path.with_name(f"{prefix}{os.getpid()}{end}")


def _is_another_running(process: int) -> bool:
    """Whether a process runs, and is not this one."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return process != os.getpid()


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON, atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(json_text(content), "utf-8")


def json_text(content: Any) -> str:
    """`content` as indented JSON."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
