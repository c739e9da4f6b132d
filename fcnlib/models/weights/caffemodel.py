"""Caffe's weight files (.caffemodel) as NumPy arrays and back, in all three generations.

A .caffemodel is one protobuf message, read here without protobuf. By generation:

- "layer" (2015 on): NetParameter.layer(100) has name(1), type(2) and blobs(7);
- "v1" (2014): NetParameter.layers(2) has name(4), type(5) and blobs(6);
- "v0" (2013): NetParameter.layers(2).layer(1) has name(1), type(2) and blobs(50).
"""

import math
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.printing import printable
from fcnlib.models.weights.file_kinds import EMPTY, TEXT, kind_of_file
from fcnlib.models.weights.protobuf_wire import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    Field,
    MessageReader,
    encode_field,
    encode_field_header,
    encode_varint,
)

Blob = NDArray[np.float32]
Generation = Literal["layer", "v1", "v0"]

MAX_AXES = 32  # Caffe's own bound
MAX_NAME = 1000
CAFFEMODEL = "a .caffemodel"
# By generation: the numbers of the fields that hold a layer's name, type and blobs.
LAYER_FIELDS: dict[str, tuple[int, int, int]] = {
    "layer": (1, 2, 7),
    "v1": (4, 5, 6),
    "v0": (1, 2, 50),
}
# How the older generations name the types of layers.
LAYER_TYPES: dict[str, dict[str | int, str]] = {
    "layer": {},
    "v1": {4: "Convolution", 39: "Deconvolution", 14: "InnerProduct"},
    "v0": {"conv": "Convolution", "innerproduct": "InnerProduct"},
}
CONVOLUTION, PAD = 106, 3  # LayerParameter.convolution_param.pad
PYTHON, PARAM_STR = 130, 3  # LayerParameter.python_param.param_str


class CaffemodelError(InputError):
    """A file is not a .caffemodel, or an incomplete one."""


@dataclass(frozen=True)
class CaffeLayer:
    """A layer of a file: what decides a net's scores."""

    blobs: Sequence[NDArray[Any]] = ()  # weight, bias
    type: str = ""  # such as Convolution
    pad: int | None = None
    settings: str = ""  # of a Python layer: the data layer's mean is in there


def read_caffemodel(path: Path | str) -> dict[str, list[Blob]]:
    """The float32 arrays (weight, bias) of every layer that has weights, by layer name.

    The arrays are views of the mapped file; changing them never changes it.
    """
    return {name: list(layer.blobs) for name, layer in read_layers(path).items() if layer.blobs}


def layer_shapes(layers: Mapping[str, CaffeLayer]) -> dict[str, list[str] | str]:
    """Every layer's blob shapes, such as "64 x 3 x 3 x 3", or the settings of one without blobs."""
    return {
        name: [" x ".join(map(str, blob.shape)) for blob in layer.blobs] or layer.settings
        for name, layer in layers.items()
    }


def read_layers(path: Path | str) -> dict[str, CaffeLayer]:
    """Every layer of a .caffemodel by name; the blobs are views of the mapped file.

    Changing an array never changes the file. float64 blobs are converted. A shape of the old
    generations, num x channels x height x width, loses its first two axes where both are 1, and
    then a first one of 1 too: a bias is (O), a fully connected weight (O, I). The weight of a
    convolution keeps all four. Where two layers have one name, the later one with weights counts.
    """
    path = Path(path)
    kind = kind_of_file(path, CAFFEMODEL)
    if kind not in ("", TEXT):  # a small file may pass for text
        place = "" if kind == EMPTY else "byte 0: "
        raise CaffemodelError(f"{path}: {place}is {kind}; expected {CAFFEMODEL}")
    with open(path, "rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    layers = _NetReader(path, content).read_net()
    if not any(layer.blobs for layer in layers.values()):
        raise CaffemodelError(f"{path}: no layer with weights in it; expected {CAFFEMODEL}")
    return layers


class _NetReader(MessageReader):
    error_class = CaffemodelError

    def read_net(self) -> dict[str, CaffeLayer]:
        layers: dict[str, CaffeLayer] = {}
        for field in self.fields(0, len(self.content), "the net"):
            if field.number in (2, 100):
                self.expect(field, BYTES)
                name, layer = self.read_layer(field, "layer" if field.number == 100 else "v1")
                # The same layer comes again for another phase, without weights.
                if layer.blobs or not layers.get(name, layer).blobs:
                    layers[name] = layer
            elif field.number == 1:
                self.expect(field, BYTES)
        return layers

    def read_layer(self, layer: Field, generation: Generation) -> tuple[str, CaffeLayer]:
        name_field, type_field, blobs_field = LAYER_FIELDS[generation]
        name, kind, settings, pad = "", "", "", None
        blobs: list[Blob] = []
        for field in self.fields(layer.start, layer.end, "a layer"):
            if field.number == name_field:
                name = self.read_name(field)
            elif field.number == blobs_field:
                self.expect(field, BYTES)
                keep_axes = not blobs and kind in ("Convolution", "Deconvolution")
                blobs.append(self.read_blob(field, name, keep_axes=keep_axes))
            elif generation == "v1" and field.number == 1:
                self.expect(field, BYTES)
                return self.read_layer(field, "v0")
            elif field.number == type_field:
                kind = self.read_type(field, generation)
            elif generation == "layer" and field.number == CONVOLUTION:
                pad = self.subfield(field, PAD).value
            elif generation == "layer" and field.number == PYTHON:
                settings = self.read_text(self.subfield(field, PARAM_STR))
        if blobs and not name:
            raise self.error(layer.key, "a layer without a name", "one")
        return name, CaffeLayer(blobs, kind, pad, settings)

    def read_type(self, field: Field, generation: Generation) -> str:
        """A layer's type by its newest name; "" of the v1 types that matter to no score."""
        if generation == "v1":
            return LAYER_TYPES["v1"].get(field.value, "")
        name = self.read_text(field)
        return LAYER_TYPES[generation].get(name, name)

    def read_name(self, field: Field) -> str:
        """A layer's name, made printable."""
        if field.end - field.start > MAX_NAME:
            size = field.end - field.start
            raise self.error(field.key, f"a name of {size} bytes", f"{MAX_NAME} at most")
        return printable(self.read_text(field))

    def subfield(self, message: Field, number: int) -> Field:
        """A field of an inner message; one that is not there is empty."""
        self.expect(message, BYTES)
        found = Field(number, BYTES, message.key, message.start, message.start)
        for field in self.fields(message.start, message.end, "a layer's settings"):
            found = field if field.number == number else found
        return found

    def read_blob(self, blob: Field, layer: str, *, keep_axes: bool) -> Blob:
        # By field: data and diff, each as float and as double.
        arrays: dict[int, list[NDArray[Any]]] = {5: [], 6: [], 8: [], 9: []}
        old: dict[int, int] = {}
        shape: list[int] = []
        at = blob.start
        while at < blob.end:
            field = self.read_field(at, blob.end, "a blob")
            at = field.end
            if field.number in (1, 2, 3, 4):
                self.expect(field, VARINT)
                old[field.number] = field.value
            elif field.number == 7:
                self.expect(field, BYTES)
                shape += self.read_shape(field)
            elif field.number in arrays:
                kind = FIXED32 if field.number in (5, 6) else FIXED64
                found, at = self.read_numbers(field, blob.end, single=kind)
                arrays[field.number].append(found)
        chunks = arrays[8] or arrays[5] or [np.empty(0, np.float32)]
        values = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
        sides = [old.get(axis, 1) for axis in (1, 2, 3, 4)] if old else shape
        if max(sides, default=1) >= 1 << 31 or math.prod(sides) != len(values):
            expected = " x ".join(map(str, sides)) or "1"
            found_here = f"{layer or 'a layer'} has {len(values)} numbers"
            raise self.error(blob.key, found_here, f"{expected} of them")
        if old and not keep_axes and sides[:2] == [1, 1]:
            sides = sides[3:] if sides[2] == 1 else sides[2:]
        # A blob without a shape is one number.
        return values.reshape(sides or -1).astype(np.float32, copy=False)

    def read_shape(self, field: Field) -> list[int]:
        sides: list[int] = []
        for dim in self.fields(field.start, field.end, "a shape"):
            if dim.number != 1:
                continue
            at = dim.start
            while at < dim.end and len(sides) <= MAX_AXES:
                side, at = self.read_varint(at, dim.end, "a shape")
                sides.append(side)
        if len(sides) > MAX_AXES:
            raise self.error(field.key, "a shape of more axes", f"at most {MAX_AXES}")
        return sides


def write_caffemodel(
    path: Path | str,
    layers: Mapping[str, CaffeLayer | Sequence[NDArray[Any]]],
    *,
    generation: Generation = "layer",
) -> None:
    """Write layers, or their blobs, as a .caffemodel of a generation, atomically.

    One blob at a time is in memory. The older generations know shapes of at most four axes, and
    their layers are written with name, type and blobs alone.
    """
    _, _, blobs_field = LAYER_FIELDS[generation]
    outer = 100 if generation == "layer" else 2
    with atomic_write(Path(path)) as temporary, open(temporary, "wb") as file:
        for name, given in layers.items():
            layer = given if isinstance(given, CaffeLayer) else CaffeLayer(given)
            start = _layer_head(name, layer, generation)
            heads = [_blob_head(blob, generation) for blob in layer.blobs]
            for i, (head, blob) in enumerate(zip(heads, layer.blobs, strict=True)):
                heads[i] = encode_field_header(blobs_field, len(head) + 4 * blob.size) + head
            numbers = sum(blob.size for blob in layer.blobs)
            length = len(start) + sum(map(len, heads)) + 4 * numbers
            if generation == "v0":
                inner = encode_field_header(1, length)
                start, length = inner + start, length + len(inner)
            file.write(encode_field_header(outer, length) + start)
            for head, blob in zip(heads, layer.blobs, strict=True):
                file.write(head)
                file.write(np.ascontiguousarray(blob, "<f4").data)


def _layer_head(name: str, layer: CaffeLayer, generation: Generation) -> bytes:
    """A layer's bytes up to its blobs."""
    name_field, type_field, _ = LAYER_FIELDS[generation]
    types = {kind: old for old, kind in LAYER_TYPES[generation].items()}
    stored_type = types.get(layer.type, "" if generation == "v1" else layer.type)
    content = encode_field(name_field, name.encode())
    if isinstance(stored_type, int):
        content += encode_field(type_field, stored_type)
    elif stored_type:
        content += encode_field(type_field, stored_type.encode())
    if generation == "layer" and layer.pad is not None:
        content += encode_field(CONVOLUTION, encode_field(PAD, layer.pad))
    if generation == "layer" and layer.settings:
        content += encode_field(PYTHON, encode_field(PARAM_STR, layer.settings.encode()))
    return content


def _blob_head(blob: NDArray[Any], generation: Generation) -> bytes:
    """A blob's bytes up to its numbers."""
    if generation == "layer":
        shape = encode_field(7, encode_field(1, b"".join(map(encode_varint, blob.shape))))
    else:
        sides = (1,) * (4 - blob.ndim) + blob.shape
        shape = b"".join(encode_field(axis, side) for axis, side in enumerate(sides, start=1))
    return shape + encode_field_header(5, 4 * blob.size)
