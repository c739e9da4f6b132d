"""Protobuf's wire format: reading a mapped message field by field, and encoding fields."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
UNPACKED_DTYPES = {FIXED64: "<f8", FIXED32: "<f4"}
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


class MessageReader:
    """Reads the messages of a mapped file; every length is checked before it is used."""

    error_class = InputError

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content = path, content
        self.fields_left = MAX_FIELDS

    def fields(self, start: int, end: int, what: str) -> Iterator[Field]:
        """The fields of the message in the bytes [start, end); `what` names it in errors."""
        while start < end:
            field = self.read_field(start, end, what)
            yield field
            start = field.end

    def read_field(self, begin: int, end: int, what: str) -> Field:
        """The field that begins at the byte `begin`."""
        self.fields_left -= 1
        if self.fields_left < 0:
            raise self.error(begin, f"more than {MAX_FIELDS} fields", "fewer")
        key, at = self.read_varint(begin, end, what)
        number, wire = key >> 3, key & 7
        size, value = {FIXED64: 8, FIXED32: 4}.get(wire, 0), 0
        if wire == BYTES:
            size, at = self.read_varint(at, end, what)
        elif wire == VARINT:
            value, after = self.read_varint(at, end, what)
            size = after - at
        if number == 0 or wire not in (VARINT, FIXED64, BYTES, FIXED32):
            raise self.error(begin, f"field {number} of type {wire} in {what}", "a known one")
        if size > end - at:
            found = f"a field of {size} bytes in {what}"
            raise self.error(begin, found, f"{end - at} at most (is the file cut?)")
        return Field(number, wire, begin, at, at + size, value)

    def read_varint(self, at: int, end: int, what: str) -> tuple[int, int]:
        """The number at the byte `at`, and the byte behind it."""
        value = shift = 0
        for position in range(at, min(end, at + 10)):
            byte = self.content[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
            shift += 7
        raise self.error(at, f"{what} breaks off", "a number (is the file cut?)")

    def read_text(self, field: Field) -> str:
        """The text of a field."""
        self.expect(field, BYTES)
        return self.content[field.start : field.end].decode(errors="replace")

    def read_numbers(self, field: Field, end: int, *, single: int) -> tuple[NDArray[Any], int]:
        """The numbers of a packed field, or of a run of fields of type `single`; where they end."""
        kind = UNPACKED_DTYPES[single]
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
        """Raise if the field is not of this wire type."""
        if field.wire != wire:
            raise self.error(
                field.key, f"field {field.number} is of type {field.wire}", f"type {wire}"
            )

    def error(self, at: int, found: str, expected: str) -> InputError:
        """The error that names a byte of the file."""
        return self.error_class(f"{self.path}: byte {at}: {found}; expected {expected}")


def encode_field(number: int, content: bytes | int) -> bytes:
    """A field of a message as bytes: a varint, or a length and that many bytes."""
    if isinstance(content, int):
        return encode_varint(number << 3 | VARINT) + encode_varint(content)
    return encode_field_header(number, len(content)) + content


def encode_field_header(number: int, size: int) -> bytes:
    """The key and the length of a field of `size` bytes."""
    return encode_varint(number << 3 | BYTES) + encode_varint(size)


def encode_varint(value: int) -> bytes:
    """A number of at least 0 as a varint."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
