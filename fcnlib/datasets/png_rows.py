"""A label PNG that is written row by row, so that its labels are never in memory together."""

import struct
import zlib
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_base import Colour

PALETTE_BITS, PALETTE = 8, 3  # bits of an index, and the colour type of PNGs


class LabelRows:
    """Writes an 8-bit palette PNG: `write` all rows in their order, then `close`."""

    def __init__(self, file: BinaryIO, size: tuple[int, int], palette: Sequence[Colour]) -> None:
        height, width = size
        self._file, self._packer = file, zlib.compressobj()
        file.write(b"\x89PNG\r\n\x1a\n")
        header = struct.pack(">IIBBBBB", width, height, PALETTE_BITS, PALETTE, 0, 0, 0)
        self._chunk(b"IHDR", header)
        self._chunk(b"PLTE", bytes(value for colour in palette for value in colour))

    def write(self, labels: NDArray[np.uint8]) -> None:
        """Append rows of labels [h, W]."""
        for row in labels:
            self._data(self._packer.compress(b"\0" + row.tobytes()))  # 0: a row as it is

    def close(self) -> None:
        """Write what is left."""
        self._data(self._packer.flush())
        self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        if packed:
            self._chunk(b"IDAT", packed)

    def _chunk(self, kind: bytes, content: bytes) -> None:
        checksum = zlib.crc32(content, zlib.crc32(kind))
        self._file.write(struct.pack(">I", len(content)) + kind + content)
        self._file.write(struct.pack(">I", checksum))
