"""Caffe's weight files (.caffemodel) as NumPy arrays and back, in all three generations.

A .caffemodel is one protobuf message, read here without protobuf. By generation:

- "layer" (2015 on): NetParameter.layer(100) has name(1), type(2) and blobs(7);
- "v1" (2014): NetParameter.layers(2) has name(4), type(5) and blobs(6);
- "v0" (2013): NetParameter.layers(2).layer(1) has name(1), type(2) and blobs(50).
"""

import math
import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fcnlib.errors import InputError
from fcnlib.files import replacing

Blob = NDArray[np.float32]
Generation = Literal["layer", "v1", "v0"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_AXES = 32  # Caffe's own bound
# The published nets have some thousands; more would be a foreign file that takes long to walk.
MAX_FIELDS = 200_000
FOREIGN = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a ZIP archive or PyTorch file",
    b"\x89HDF": "an HDF5 file",
    b"<": "a web page",
    b"version https://git-lfs": "a Git LFS pointer",
}


class CaffemodelError(InputError):
    """A file is no .caffemodel, or not a whole one."""


def read(path: Path | str) -> dict[str, list[Blob]]:
    """Every layer that has weights -> its blobs (weight, bias), as views of the mapped file.

    Changing an array never changes the file. float64 blobs are converted. A shape of the old
    generations, num x channels x height x width, loses its first two axes where both are 1, and
    then a first one of 1 too: a bias is (O), a fully connected weight (O, I), a convolution keeps
    all four. Where two layers have one name, the later one counts, as in Caffe.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            if path.stat().st_size == 0:
                raise CaffemodelError(f"{path}: is empty; expected a .caffemodel")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        reason = error.strerror or error
        raise CaffemodelError(f"{path}: {reason}; expected a .caffemodel") from None
    for start, name in FOREIGN.items():
        if content[: len(start)] == start:
            raise CaffemodelError(f"{path}: byte 0: is {name}; expected a .caffemodel")
    layers = _Parser(path, content).net()
    if not layers:
        raise CaffemodelError(f"{path}: no layer with weights in it; expected a .caffemodel")
    return layers


@dataclass(frozen=True)
class _Field:
    """One field of a message: its bytes are [start, end); a varint has a value."""

    number: int
    wire: int
    key: int  # where the field begins
    start: int
    end: int
    value: int = 0


class _Parser:
    """Walks the messages of a mapped file; every length is checked before it is believed."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content = path, content
        self.left = MAX_FIELDS

    def net(self) -> dict[str, list[Blob]]:
        layers: dict[str, list[Blob]] = {}
        for field in self.fields(0, len(self.content), "the net"):
            if field.number in (2, 100):
                self.expect(field, BYTES)
                parts = (1, 7) if field.number == 100 else (4, 6)
                name, blobs = self.layer(field, *parts, old=field.number == 2)
                if blobs:
                    layers[name] = blobs
            elif field.number == 1:
                self.expect(field, BYTES)
        return layers

    def layer(
        self, layer: _Field, name_at: int, blobs_at: int, *, old: bool = False
    ) -> tuple[str, list[Blob]]:
        name, blobs = "", []
        for field in self.fields(layer.start, layer.end, "a layer"):
            if field.number == name_at:
                self.expect(field, BYTES)
                name = self.content[field.start : field.end].decode(errors="replace")
            elif field.number == blobs_at:
                self.expect(field, BYTES)
                blobs.append(self.blob(field, name))
            elif old and field.number == 1:
                self.expect(field, BYTES)
                name, inner = self.layer(field, 1, 50)
                blobs += inner
        if blobs and not name:
            raise self.error(layer.key, "a layer without a name", "one")
        return name, blobs

    def blob(self, blob: _Field, layer: str) -> Blob:
        # Data and diff, each as float and as double.
        parts: dict[int, list[NDArray[Any]]] = {5: [], 6: [], 8: [], 9: []}
        old: dict[int, int] = {}
        shape: list[int] = []
        at = blob.start
        while at < blob.end:
            field = self.field(at, blob.end, "a blob")
            at = field.end
            if field.number in (1, 2, 3, 4):
                self.expect(field, VARINT)
                old[field.number] = field.value
            elif field.number == 7:
                self.expect(field, BYTES)
                shape += self.shape(field)
            elif field.number in parts:
                found, at = self.numbers(field, blob.end)
                parts[field.number].append(found)
        chunks = parts[8] or parts[5] or [np.empty(0, np.float32)]
        values = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
        sides = [old.get(axis, 1) for axis in (1, 2, 3, 4)] if old else shape
        if max(sides, default=1) >= 1 << 31 or math.prod(sides) != len(values):
            shown = " x ".join(map(str, sides)) or "1"
            found_here = f"{layer or 'a layer'} has {len(values)} numbers"
            raise self.error(blob.key, found_here, f"{shown} of them")
        if old and sides[:2] == [1, 1]:
            sides = sides[3:] if sides[2] == 1 else sides[2:]
        return values.reshape(sides).astype(np.float32, copy=False)

    def shape(self, field: _Field) -> list[int]:
        sides: list[int] = []
        for dim in self.fields(field.start, field.end, "a shape"):
            if dim.number != 1:
                continue
            at = dim.start
            while at < dim.end and len(sides) <= MAX_AXES:
                side, at = self.varint(at, dim.end, "a shape")
                sides.append(side)
        if len(sides) > MAX_AXES:
            raise self.error(field.key, "a shape of more axes", f"at most {MAX_AXES}")
        return sides

    def numbers(self, field: _Field, end: int) -> tuple[NDArray[Any], int]:
        """The numbers of a packed field, or of the run of single ones; where they end."""
        single, kind = (FIXED32, "<f4") if field.number in (5, 6) else (FIXED64, "<f8")
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

    def fields(self, start: int, end: int, what: str) -> Iterator[_Field]:
        """The fields of the message in [start, end)."""
        while start < end:
            field = self.field(start, end, what)
            yield field
            start = field.end

    def field(self, begin: int, end: int, what: str) -> _Field:
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
            raise self.error(begin, f"field {number} of type {wire} in {what}", "a .caffemodel's")
        if size > end - at:
            found = f"a field of {size} bytes in {what}"
            raise self.error(begin, found, f"{end - at} at most (is the file cut?)")
        return _Field(number, wire, begin, at, at + size, value)

    def varint(self, at: int, end: int, what: str) -> tuple[int, int]:
        value = shift = 0
        for position in range(at, min(end, at + 10)):
            byte = self.content[position]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
            shift += 7
        raise self.error(at, f"{what} breaks off", "a number (is the file cut?)")

    def expect(self, field: _Field, wire: int) -> None:
        if field.wire != wire:
            raise self.error(
                field.key, f"field {field.number} is of type {field.wire}", f"type {wire}"
            )

    def error(self, at: int, found: str, expected: str) -> CaffemodelError:
        return CaffemodelError(f"{self.path}: byte {at}: {found}; expected {expected}")


# By generation: the fields of a layer's name, type and blobs, and how it names the types.
PARTS = {"layer": (1, 2, 7), "v1": (4, 5, 6), "v0": (1, 2, 50)}
TYPES: dict[str, dict[str, str | int]] = {
    "layer": {name: name for name in ("Convolution", "Deconvolution", "InnerProduct", "Scale")},
    "v1": {"Convolution": 4, "Deconvolution": 39, "InnerProduct": 14},
    "v0": {"Convolution": "conv", "InnerProduct": "innerproduct"},
}


def write(
    path: Path | str,
    layers: Mapping[str, Sequence[NDArray[Any]]],
    *,
    generation: Generation = "layer",
    types: Mapping[str, str] | None = None,
) -> None:
    """Write layers -> blobs as a .caffemodel, whole or not at all, one blob in memory at a time.

    `types` names Caffe's layer types, such as Convolution; readers of weights ignore them. The
    older generations know shapes of at most four axes.
    """
    name_at, type_at, blobs_at = PARTS[generation]
    outer = 100 if generation == "layer" else 2
    with replacing(Path(path)) as temporary, open(temporary, "wb") as file:
        for name, blobs in layers.items():
            start = _field(name_at, name.encode())
            if kind := TYPES[generation].get((types or {}).get(name, "")):
                start += _field(type_at, kind if isinstance(kind, int) else kind.encode())
            heads = [_blob_head(blob, generation) for blob in blobs]
            for i, (head, blob) in enumerate(zip(heads, blobs, strict=True)):
                heads[i] = _key(blobs_at, BYTES) + _varint(len(head) + 4 * blob.size) + head
            length = len(start) + sum(map(len, heads)) + 4 * sum(blob.size for blob in blobs)
            if generation == "v0":
                start = _key(1, BYTES) + _varint(length) + start
                length += 1 + len(_varint(length))
            file.write(_key(outer, BYTES) + _varint(length) + start)
            for head, blob in zip(heads, blobs, strict=True):
                file.write(head)
                file.write(np.ascontiguousarray(blob, "<f4").data)


def _blob_head(blob: NDArray[Any], generation: Generation) -> bytes:
    """A blob's bytes up to its numbers."""
    if generation == "layer":
        shape = _field(7, _field(1, b"".join(map(_varint, blob.shape))))
    else:
        sides = (1,) * (4 - blob.ndim) + blob.shape
        shape = b"".join(_field(axis, side) for axis, side in enumerate(sides, start=1))
    return shape + _key(5, BYTES) + _varint(4 * blob.size)


def _field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return _key(number, VARINT) + _varint(content)
    return _key(number, BYTES) + _varint(len(content)) + content


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(value: int) -> bytes:
    done = bytearray()
    while value >= 0x80:
        done.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*done, value])
