"""Images and labels of an archive, stored in one pass over it."""

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

IMAGE, LABEL = "image", "labels/semantic"  # kinds of files of a DatasetWriter
MIN_IMAGES_FOR_PROCESSES = 2000  # from which on processes are worth the second that they start in

Indices = NDArray[np.uint8]


class Member(NamedTuple):
    """A file of an archive: its bytes, or the class indices read from them."""

    kind: str
    id: str
    origin: str
    content: bytes | Indices


def store_archive_images(
    writer: DatasetWriter,
    archive: Path,
    pattern: re.Pattern[str],
    kinds: Mapping[str, str],
    ids: set[str],
    workers: int,
    read_mat: Callable[[bytes, str], Indices] | None = None,
) -> None:
    """Store the images and labels of these IDs that are not stored yet.

    Args:
        writer: Where to store them.
        archive: The tar or zip archive.
        pattern: Matches a file's name; its groups are a folder and an ID.
        kinds: Kind of the files in each folder: `IMAGE` or `LABEL`.
        ids: The IDs to store.
        workers: Number of threads, and of processes for `read_mat`.
        read_mat: Reads class indices [H, W] from a label's .mat file and its name; without it,
            labels are image files.
    """
    # A pass over the archive takes a while, even if nothing is missing.
    stored = sum(writer.has(kind, id) for kind in kinds.values() for id in ids)
    total = len(kinds) * len(ids)
    if stored == total:
        return
    missing = (
        member
        for member in _members(archive, pattern, kinds)
        if member.id in ids and not writer.has(member.kind, member.id)
    )
    decoded: Iterator[Member] = missing
    if read_mat:  # it holds the GIL
        processes = workers if len(ids) >= MIN_IMAGES_FOR_PROCESSES else 1
        decoded = in_processes(partial(_decode_label, read_mat), missing, processes)
    results = in_threads(partial(_store_member, writer), decoded, workers)
    title = f"reading {archive.name}"
    for _ in progress(results, desc=title, total=total, unit="file", initial=stored):
        pass


def _members(archive: Path, pattern: re.Pattern[str], kinds: Mapping[str, str]) -> Iterator[Member]:
    for match, data in members(archive, pattern):
        origin = f"{archive}: {PurePosixPath(match[0]).name}"
        yield Member(kinds[match[1]], match[2], origin, data)


def _decode_label(read_mat: Callable[[bytes, str], Indices], member: Member) -> Member:
    if member.kind == IMAGE:
        return member
    return member._replace(content=read_mat(cast(bytes, member.content), member.origin))


def _store_member(writer: DatasetWriter, member: Member) -> None:
    content, origin = member.content, member.origin
    if member.kind == IMAGE:
        writer.add_image(member.id, cast(bytes, content), origin)
        return
    if isinstance(content, bytes):
        content = cast(Indices, images.class_indices(images.read_image(content, origin), origin))
    writer.add_label(member.id, content, origin)
