"""What is remembered of stored files: noted, so that a stopped run goes on behind them; summed."""

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
class Stored:
    """What is remembered of a written file."""

    kind: str
    id: str
    origin: str
    shape: tuple[int, ...]
    digest: str
    total: tuple[float, ...] = ()  # of each channel, for its mean
    doubt: str = ""  # what is odd about the depth in it, or that it was made from

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


def mean(parts: Sequence[Stored]) -> tuple[float, ...]:
    """The mean of each channel over all pixels of these files."""
    pixels = sum(part.shape[0] * part.shape[1] for part in parts)
    return tuple(sum(channel) / pixels for channel in zip(*(p.total for p in parts), strict=True))


def mostly_odd(parts: Sequence[Stored]) -> str:
    """What is odd about most of these depths, to be said once: single ones may well be."""
    odd = [part for part in parts if part.doubt]
    if 2 * len(odd) <= len(parts):
        return ""
    return f"{len(odd)} of {len(parts)} images like {odd[0].id}: {odd[0].doubt}"
