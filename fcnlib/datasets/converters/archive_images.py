"""An archive's photographs and labels, read in one pass and put into a draft."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from fcnlib.archives.members import members
from fcnlib.core.parallel import in_processes, in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.writer import DatasetWriter

IMAGE, LABEL = "image", "labels/semantic"  # as a draft calls them
MANY = 2000  # images from which on other processes are worth the second that they take to start

Indices = NDArray[np.uint8]


class Member(NamedTuple):
    """A file of an archive, or what has been read from it."""

    kind: str
    id: str
    origin: str
    content: bytes | Indices


def store(
    draft: DatasetWriter,
    archive: Path,
    files: re.Pattern[str],
    kinds: Mapping[str, str],
    wanted: set[str],
    workers: int,
    read_mat: Callable[[bytes, str], Indices] | None = None,
) -> None:
    """Store the photographs and labels of the wanted IDs that the draft has not got yet.

    `files` matches a folder, of which `kinds` says what lies there, and an ID. Labels are pictures,
    or .mat files that `read_mat` turns into class indices.
    """
    # A pass over the archive takes its time even where nothing is missing.
    stored = sum(draft.has(kind, id) for kind in kinds.values() for id in wanted)
    total = len(kinds) * len(wanted)
    if stored == total:
        return
    chosen = (
        member
        for member in _members(archive, files, kinds)
        if member.id in wanted and not draft.has(member.kind, member.id)
    )
    read: Iterator[Member] = chosen
    if read_mat:  # SciPy holds the interpreter meanwhile
        processes = workers if len(wanted) >= MANY else 1
        read = in_processes(partial(_read, read_mat), chosen, processes)
    results = in_threads(partial(_keep, draft), read, workers)
    title = f"reading {archive.name}"
    for _ in progress(results, desc=title, total=total, unit="file", initial=stored):
        pass


def _members(archive: Path, files: re.Pattern[str], kinds: Mapping[str, str]) -> Iterator[Member]:
    for match, data in members(archive, files):
        origin = f"{archive}: {PurePosixPath(match[0]).name}"
        yield Member(kinds[match[1]], match[2], origin, data)


def _read(read_mat: Callable[[bytes, str], Indices], member: Member) -> Member:
    if member.kind == IMAGE:
        return member
    return member._replace(content=read_mat(cast(bytes, member.content), member.origin))


def _keep(draft: DatasetWriter, member: Member) -> None:
    content, origin = member.content, member.origin
    if member.kind == IMAGE:
        draft.add_image(member.id, cast(bytes, content), origin)
        return
    if isinstance(content, bytes):
        content = cast(Indices, images.indices(images.load(content, origin), origin))
    draft.add_label(member.id, content, origin)
