"""Progress bars that also read well in a log file."""

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

from fcnlib.core.printing import printable

T = TypeVar("T")


def progress(
    items: Iterable[T], *, desc: str, total: int | None = None, unit: str = "it", initial: int = 0
) -> "tqdm[T]":
    """Iterate over `items` with a bar on stderr; in a log file, a line every ten seconds at most.

    A bar within another's step takes its place until it is done.

    Args:
        items: What to iterate over.
        desc: The text before the bar.
        total: Number of items, where `len(items)` does not give it.
        unit: What one item is called.
        initial: Number of items that were done before.
    """
    is_terminal = sys.stderr.isatty()
    return tqdm(
        items,
        desc=printable(desc),
        total=total,
        unit=unit,
        initial=initial,
        mininterval=0.2 if is_terminal else 10.0,
        dynamic_ncols=is_terminal,
        ncols=None if is_terminal else 100,
        file=sys.stderr,
        position=0,  # else one below, for which the cursor is moved up and down
    )
