"""Atomic writes: files and folders appear complete or not at all, and last beyond a power cut."""

import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from fcnlib.core.errors import InputError
from fcnlib.core.parallel import read_ahead

NAME_BYTES = 100  # of a target's name, at most, in those of its temporary folders
# Unchanged for so long, a temporary folder of another machine is abandoned: its lock may not be
# seen here.
ABANDONED_S = 3600.0
SYNCING_THREADS = 8  # the system merges syncs: a twentieth of the time of one by one


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it on success and removed on failure.

    If it is not `durable`, a power cut may leave an empty file. That suits many small files that
    are easily made anew: waiting for the disk would take longer than writing them.
    """
    path = Path(path)
    with _temporary_folder(path) as folder:
        temporary = folder / path.name
        try:
            yield temporary
            if durable:
                sync(temporary)
            os.replace(temporary, path)
        except OSError as error:  # of a full disk: names no file; others: the temporary one
            if error.errno and error.filename in (None, str(temporary)):
                raise OSError(error.errno, error.strerror, str(path)) from None
            raise
    if durable:
        sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, if it is there, and what killed processes left that were writing it."""
    path.unlink(missing_ok=True)
    _remove_abandoned(path)


@contextmanager
def name_os_errors(name: object) -> Iterator[None]:
    """Let the system's errors name this file: a full disk's name none, others a temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(name)) from None


def require_writable(path: Path) -> None:
    """Raise if a file cannot be written, before work for it has taken its hours."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected a file to write")
    with name_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: its folder may not be written to")


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, moved there on success and removed on failure.

    Whatever is at `path` is deleted: whether it may be is for the caller to check.
    """
    path = Path(path).resolve()  # a link stays, as to a larger disk
    with _temporary_folder(path) as folder:
        temporary = folder / path.name
        temporary.mkdir()
        yield temporary
        _put_in_place(temporary, path)


@contextmanager
def resumable_folder(path: Path, key: str) -> Iterator[Path]:
    """A folder beside `path` that a stopped process leaves to the next with the same `key`.

    It takes the place of `path` on success and is removed on failure; folders of other keys are
    removed at once. `key` is a hash of all that the content depends on.
    """
    path = Path(path).resolve()  # a link stays, as to a larger disk
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{_short(path.name)}.{key[:16]}.part")
    for other in _siblings(path, r"[^.]+\.part"):
        if other != part:
            with _locked(other, path):
                shutil.rmtree(other)
    part.mkdir(exist_ok=True)
    with _locked(part, path):
        try:
            yield part
            _put_in_place(part, path)
        except Exception:  # not an interruption: the next process would fail in the same way
            shutil.rmtree(part, ignore_errors=True)
            raise


def _put_in_place(folder: Path, path: Path) -> None:
    """Move a whole folder to `path`, whose content is deleted."""
    content = (each for each in folder.rglob("*") if not each.is_symlink())
    for _ in read_ahead(sync, content, SYNCING_THREADS):
        pass
    if path.exists():
        shutil.rmtree(path)
    os.replace(folder, path)
    sync(path.parent)


@contextmanager
def _temporary_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` that no other process writes to; removes those that killed ones left.

    What is written in it has the name of `path`, for writers choose the format by its suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    folder = _random_name(path)
    with name_os_errors(path):
        folder.mkdir()
    try:
        with _locked(folder, path):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _siblings(path: Path, end: str) -> list[Path]:
    """The hidden files beside `path` that are named after it, with an end of this pattern."""
    pattern = re.compile(rf"\.{re.escape(_short(path.name))}\.{end}")
    return [path.with_name(name) for name in filter(pattern.fullmatch, os.listdir(path.parent))]


def _short(name: str) -> str:
    """A name to make others of: a long one is cut, and a hash of the whole is appended."""
    encoded = os.fsencode(name)
    if len(encoded) <= NAME_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: NAME_BYTES - 9].decode(errors='ignore')}-{digest}"


@cache
def _kernel() -> str:
    """An identifier of this machine since it was started: within it, locks are seen."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").partition("-")[0]
    except OSError:
        return re.sub(r"\W", "_", platform.node())[:32] or "unknown"


def _random_name(path: Path) -> Path:
    return path.with_name(f".{_short(path.name)}.{_kernel()}-{secrets.token_hex(8)}.tmp")


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary folders of `path` that no process writes to any more."""
    for folder in _siblings(path, r"\w+-\w+\.tmp"):
        with suppress(OSError, InputError):
            is_idle = time.time() - _last_change(folder) > ABANDONED_S
            # Whoever made an empty one may be about to lock it.
            is_ours = f".{_kernel()}-" in folder.name and any(folder.iterdir())
            if not is_idle and not is_ours:
                continue
            with _locked(folder, path) as locked:
                if is_idle or locked:
                    # Renamed first: a process that writes to it all the same must fail, and not
                    # publish a folder of which a part is removed.
                    gone = _random_name(path)
                    os.replace(folder, gone)
                    shutil.rmtree(gone, ignore_errors=True)


def _last_change(folder: Path) -> float:
    """When a folder or anything in it was written last, in seconds."""
    return max(file.lstat().st_mtime for file in (folder, *folder.rglob("*")))


@contextmanager
def _locked(folder: Path, path: Path) -> Iterator[bool]:
    """Hold a folder's lock, False where the system has none; an error if another process does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield _lock(handle, path)
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"{path}: another process is writing it; wait for its end") from None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF):
            raise
        return False
    return True


def sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # not every file system can sync one
            raise
    finally:
        os.close(handle)


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
