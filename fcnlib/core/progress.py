"""Progress bars that also read well in a log file."""

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], *, desc: str, total: int | None = None, unit: str = "it", initial: int = 0
) -> "tqdm[T]":
    """Iterate over `items` with a bar on stderr; in a log file a line every ten seconds at most."""
    live = sys.stderr.isatty()
    return tqdm(
        items,
        desc=desc,
        total=total,
        unit=unit,
        initial=initial,
        mininterval=0.2 if live else 10.0,
        dynamic_ncols=live,
        ncols=None if live else 100,
        file=sys.stderr,
    )
