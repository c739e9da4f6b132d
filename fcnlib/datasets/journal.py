"""What a conversion has stored, noted file by file, so that a stopped one goes on behind it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Stored:
    """What is remembered of a written file."""

    kind: str
    id: str
    origin: str
    shape: tuple[int, ...]
    digest: str
    total: tuple[float, ...] = ()  # of each channel, for its mean
    doubt: str = ""  # what is odd about it

    def line(self) -> str:
        """As a journal holds it."""
        return json.dumps(asdict(self)) + "\n"


def read_journal(path: Path) -> Iterator[Stored]:
    """What an interrupted run stored; its last line may be half a line."""
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield Stored(**values | {"shape": tuple(values["shape"]), "total": tuple(values["total"])})


def pixel_digest(pixels: NDArray[Any]) -> str:
    """A hash of an array's shape and values."""
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def totals(pixels: NDArray[Any]) -> tuple[float, ...]:
    """The sum of each channel of [H, W, C]."""
    kind = np.int64 if pixels.dtype == np.uint8 else np.float64
    return tuple(pixels.sum(axis=(0, 1), dtype=kind).tolist())
