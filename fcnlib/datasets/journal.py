"""Records of stored files: a journal from which a stopped conversion resumes, and their means."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class StoredFile:
    """A record of a stored file."""

    kind: str  # image, depth, hha, or labels/<task>
    id: str
    origin: str  # the file that it was made from, for messages
    shape: tuple[int, ...]
    digest: str
    channel_sums: tuple[float, ...] = ()
    depth_warning: str = ""  # a warning if the depth in it, or that it was made from, is unusual

    def to_json_line(self) -> str:
        """The record as a line of a journal."""
        return json.dumps(asdict(self)) + "\n"


def read_journal(path: Path) -> Iterator[StoredFile]:
    """The files that a stopped run stored; a line that was not written in full is skipped."""
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
            lists = {name: tuple(values[name]) for name in ("shape", "channel_sums")}
            yield StoredFile(**values | lists)
        except (ValueError, TypeError, KeyError):
            continue


def pixel_digest(pixels: NDArray[Any]) -> str:
    """A hash of an array's shape and values."""
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def channel_sums(pixels: NDArray[Any]) -> tuple[float, ...]:
    """The sum of each channel of [H, W, C]."""
    kind = np.int64 if pixels.dtype == np.uint8 else np.float64
    return tuple(pixels.sum(axis=(0, 1), dtype=kind).tolist())


def channel_means(files: Sequence[StoredFile]) -> tuple[float, ...]:
    """The mean of each channel over all pixels of these files."""
    pixels = sum(file.shape[0] * file.shape[1] for file in files)
    sums = zip(*(file.channel_sums for file in files), strict=True)
    return tuple(sum(channel) / pixels for channel in sums)


def common_depth_warning(files: Sequence[StoredFile]) -> str:
    """A warning that most of these files share, else none: a few images may well be unusual."""
    unusual = [file for file in files if file.depth_warning]
    if 2 * len(unusual) <= len(files):
        return ""
    return f"{len(unusual)} of {len(files)} images like {unusual[0].id}: {unusual[0].depth_warning}"
