"""What a tar or zip lists, whatever its format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Literal

Kind = Literal["file", "folder", "device", "other"]

UNPACKED = 1 << 28  # bytes that any archive may unpack to
RATIO = 50  # times its own size that a larger one may: images and labels are compressed already


@dataclass(frozen=True)
class Member:
    """A member as its archive declares it; nothing of its content is read yet."""

    name: str
    kind: Kind
    size: int  # bytes
    targets: tuple[str, ...]  # names in the archive that a link leads to
    open: Callable[[], IO[bytes]]


def unpacked_limit(packed: int) -> int:
    """How many bytes an archive of `packed` bytes may unpack to."""
    return max(UNPACKED, RATIO * packed)
