"""Protobuf's wire format: walking a mapped message, field by field, and writing fields."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SINGLE = {FIXED64: "<f8", FIXED32: "<f4"}  # of numbers that are not packed
# The published nets have some thousands; more would be a foreign file that takes long to walk.
MAX_FIELDS = 200_000


@dataclass(frozen=True)
class Field:
    """One field of a message: its bytes are [start, end); a varint has a value."""

    number: int
    wire: int
    key: int  # where the field begins
    start: int
    end: int
    value: int = 0


class Walker:
    """Walks the messages of a mapped file; every length is checked before it is believed."""

    failure = InputError

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content = path, content
        self.left = MAX_FIELDS

    def fields(self, start: int, end: int, what: str) -> Iterator[Field]:
        """The fields of the message in [start, end)."""
        while start < end:
            field = self.field(start, end, what)
            yield field
            start = field.end

    def field(self, begin: int, end: int, what: str) -> Field:
        self.left -= 1
        if self.left < 0:
            raise self.error(begin, f"more than {MAX_FIELDS} fields", "fewer")
        key, at = self.varint(begin, end, what)
        number, wire = key >> 3, key & 7
        size, value = {FIXED64: 8, FIXED32: 4}.get(wire, 0), 0
        if wire == BYTES:
            size, at = self.varint(at, end, what)
        elif wire == VARINT:
            value, after = self.varint(at, end, what)
            size = after - at
        if number == 0 or wire not in (VARINT, FIXED64, BYTES, FIXED32):
            raise self.error(begin, f"field {number} of type {wire} in {what}", "a known one")
        if size > end - at:
            found = f"a field of {size} bytes in {what}"
            raise self.error(begin, found, f"{end - at} at most (is the file cut?)")
        return Field(number, wire, begin, at, at + size, value)

    def varint(self, at: int, end: int, what: str) -> tuple[int, int]:
        value = shift = 0
        for position in range(at, min(end, at + 10)):
            byte = self.content[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
            shift += 7
        raise self.error(at, f"{what} breaks off", "a number (is the file cut?)")

    def text(self, field: Field) -> str:
        self.expect(field, BYTES)
        return self.content[field.start : field.end].decode(errors="replace")

    def numbers(self, field: Field, end: int, *, single: int) -> tuple[NDArray[Any], int]:
        """The numbers of a packed field, or of the run of single ones; where they end."""
        kind = SINGLE[single]
        size = np.dtype(kind).itemsize
        if field.wire == BYTES:
            count, rest = divmod(field.end - field.start, size)
            if rest:
                raise self.error(field.key, f"{rest} bytes too many", f"numbers of {size} bytes")
            return np.frombuffer(self.content, kind, count, field.start), field.end
        self.expect(field, single)
        if field.start != field.key + 1:  # a key written longer than need be
            return np.frombuffer(self.content, kind, 1, field.start), field.end
        record = np.dtype([("key", "u1"), ("value", kind)])
        most = (end - field.key) // record.itemsize
        records = np.frombuffer(self.content, record, most, field.key)
        count, step = 0, 64
        while count < most:  # piecewise: another field may follow soon
            others = records["key"][count : count + step] != self.content[field.key]
            if others.any():
                count += int(others.argmax())
                break
            count, step = count + len(others), 2 * step
        numbers = np.ascontiguousarray(records["value"][:count])
        return numbers, field.key + count * record.itemsize

    def expect(self, field: Field, wire: int) -> None:
        if field.wire != wire:
            raise self.error(
                field.key, f"field {field.number} is of type {field.wire}", f"type {wire}"
            )

    def error(self, at: int, found: str, expected: str) -> InputError:
        return self.failure(f"{self.path}: byte {at}: {found}; expected {expected}")


def field(number: int, content: bytes | int) -> bytes:
    """A field of a message: a varint or bytes."""
    if isinstance(content, int):
        return varint(number << 3 | VARINT) + varint(content)
    return start(number, len(content)) + content


def start(number: int, size: int) -> bytes:
    """The beginning of a field of `size` bytes."""
    return varint(number << 3 | BYTES) + varint(size)


def varint(value: int) -> bytes:
    """A number that is not negative."""
    done = bytearray()
    while value >= 0x80:
        done.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*done, value])
