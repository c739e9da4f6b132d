"""Caffe's weight files: every generation of the format, and files that are something else."""

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.models.weights.caffemodel import (
    CaffeLayer,
    CaffemodelError,
    read_caffemodel,
    read_layers,
    write_caffemodel,
)

GENERATIONS = ["layer", "v1", "v0"]
# name, number, type (protobuf's: 1 double, 2 float, 3 int64, 5 int32, 9 string, 11 message);
# capitals: the message; + repeated; * packed.
PROTO = {
    "BlobShape": "dim 1 3*",
    "BlobProto": "num 1 5, channels 2 5, height 3 5, width 4 5, data 5 2*, diff 6 2*, "
    "shape 7 BlobShape, double_data 8 1*",
    "PythonParameter": "module 1 9, param_str 3 9",
    "ConvolutionParameter": "num_output 1 13, pad 3 13+, kernel_size 4 13+",
    "LayerParameter": "name 1 9, type 2 9, bottom 3 9+, loss_weight 5 2+, blobs 7 BlobProto+, "
    "phase 10 5, convolution_param 106 ConvolutionParameter, python_param 130 PythonParameter",
    "V0LayerParameter": "name 1 9, type 2 9, blobs 50 BlobProto+",
    "V1LayerParameter": "layer 1 V0LayerParameter, bottom 2 9+, name 4 9, type 5 5, "
    "blobs 6 BlobProto+, blobs_lr 7 2+",
    "NetParameter": "name 1 9, layers 2 V1LayerParameter+, input 3 9+, input_dim 4 5+, "
    "layer 100 LayerParameter+",
}


def messages(*, packed: bool = True) -> dict[str, Any]:
    """Protobuf's own classes for the messages of caffe.proto that hold weights."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    for name, lines in PROTO.items():
        message = file.message_type.add(name=name)
        for line in lines.split(", "):
            label, number, kind = line.split()
            repeated = kind[-1] in "+*"
            field = message.field.add(name=label, number=int(number), label=3 if repeated else 1)
            if kind.rstrip("+*").isdigit():
                field.type = int(kind.rstrip("+*"))
            else:
                field.type, field.type_name = 11, f".caffe.{kind.rstrip('+*')}"
            if kind.endswith("*"):
                field.options.packed = packed
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}"))
        for name in PROTO
    }


CAFFE = messages()
UNPACKED = messages(packed=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.caffemodel"


def some_layers() -> dict[str, list[np.ndarray]]:
    """Of every kind: a convolution, a fully connected layer, a deconvolution, a Scale."""
    rng = np.random.default_rng(0)
    shapes = {
        "conv1/7x7_s2": [(4, 3, 5, 5), (4,)],
        "fc6": [(6, 100), (6,)],
        "upscore2": [(3, 3, 4, 4)],
        "scale_pool4": [(9,)],
    }
    return {
        name: [rng.standard_normal(shape).astype("f4") for shape in blobs]
        for name, blobs in shapes.items()
    }


def assert_equal(found: dict[str, list[np.ndarray]], expected: dict[str, list[np.ndarray]]) -> None:
    assert list(found) == list(expected)
    for name, blobs in expected.items():
        for one, other in zip(found[name], blobs, strict=True):
            assert one.dtype == np.float32 and np.array_equal(one, other), name


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_was_written_is_read(path: Path, generation: Any) -> None:
    write_caffemodel(path, some_layers(), generation=generation)
    assert_equal(read_caffemodel(path), some_layers())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_protobuf_reads_what_was_written(path: Path, generation: Any) -> None:
    fc6 = CaffeLayer(some_layers()["fc6"], "InnerProduct", pad=2, settings="{}")
    write_caffemodel(path, {**some_layers(), "fc6": fc6}, generation=generation)
    net = CAFFE["NetParameter"].FromString(path.read_bytes())
    layers = net.layer if generation == "layer" else net.layers
    if generation == "v0":
        layers = [layer.layer for layer in layers]
    assert [layer.name for layer in layers] == list(some_layers())
    kinds = {"layer": "InnerProduct", "v1": 14, "v0": "innerproduct"}
    assert layers[1].type == kinds[generation]
    for layer, blobs in zip(layers, some_layers().values(), strict=True):
        for found, blob in zip(layer.blobs, blobs, strict=True):
            assert np.array_equal(np.float32(found.data), blob.ravel())
            legacy = (found.num, found.channels, found.height, found.width)
            sides = tuple(found.shape.dim) if generation == "layer" else legacy[4 - blob.ndim :]
            assert sides == blob.shape


def test_padding_and_the_data_layers_settings_are_read(path: Path) -> None:
    write_caffemodel(
        path,
        {
            "data": CaffeLayer(type="Python", settings="{'mean': (1, 2, 3)}"),
            "conv1_1": CaffeLayer([np.ones((1, 3, 3, 3))], "Convolution", pad=100),
        },
    )
    net = CAFFE["NetParameter"].FromString(path.read_bytes())
    assert net.layer[0].python_param.param_str == "{'mean': (1, 2, 3)}"
    assert list(net.layer[1].convolution_param.pad) == [100]
    found = read_layers(path)
    assert found["data"].settings == "{'mean': (1, 2, 3)}"
    assert (found["conv1_1"].pad, found["conv1_1"].type) == (100, "Convolution")
    assert list(read_caffemodel(path)) == ["conv1_1"]


@pytest.mark.parametrize("generation", ["v1", "v0"])
def test_an_old_convolution_of_one_channel_keeps_its_axes(path: Path, generation: Any) -> None:
    blobs = [np.ones((1, 1, 3, 3)), np.ones(1)]
    write_caffemodel(
        path, {"conv": CaffeLayer(blobs, "Convolution"), "?": blobs}, generation=generation
    )
    shapes = {name: [blob.shape for blob in found] for name, found in read_caffemodel(path).items()}
    assert shapes == {"conv": [(1, 1, 3, 3), (1,)], "?": [(3, 3), (1,)]}


def protobuf_net(classes: dict[str, Any], generation: str, field: str = "data") -> bytes:
    """The layers as protobuf writes them, amid all that real files have besides."""
    net = classes["NetParameter"](name="net", input=["data"], input_dim=[1, 3, 224, 224])
    for name, blobs in some_layers().items():
        if generation == "layer":
            net.layer.add(name="data", type="Python")
            layer = net.layer.add(name=name, bottom=["below"], loss_weight=[0.0], phase=1)
        elif generation == "v1":
            net.layers.add(name="relu", type=18)
            kind = 4 if blobs[0].ndim == 4 else 14
            layer = net.layers.add(name=name, type=kind, bottom=["below"], blobs_lr=[1, 2])
        else:
            layer = net.layers.add(bottom=["below"]).layer
            layer.name = name
        for blob in blobs:
            place = layer.blobs.add(diff=blob.ravel())
            getattr(place, field).extend(blob.ravel().tolist())
            if generation == "layer":
                place.shape.dim.extend(blob.shape)
            else:
                sides = (1, 1, 1, 1)[blob.ndim :] + blob.shape
                place.num, place.channels, place.height, place.width = sides
    content: bytes = net.SerializeToString()
    return content


@pytest.mark.parametrize("field", ["data", "double_data"])
@pytest.mark.parametrize("classes", [CAFFE, UNPACKED], ids=["packed", "unpacked"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_protobuf_wrote_is_read(path: Path, generation: str, classes: Any, field: str) -> None:
    path.write_bytes(protobuf_net(classes, generation, field))
    assert_equal(read_caffemodel(path), some_layers())


def test_arrays_are_views_that_never_change_the_file(path: Path) -> None:
    write_caffemodel(path, {"fc6": [np.zeros((1000, 1000))]})
    tracemalloc.start()
    blob = read_caffemodel(path)["fc6"][0]
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()
    blob += 1
    assert not read_caffemodel(path)["fc6"][0].any()


def test_the_later_of_two_layers_of_one_name_counts(path: Path) -> None:
    net = CAFFE["NetParameter"]()
    for value in (1.0, 2.0):
        net.layer.add(name="conv1").blobs.add(data=[value], shape={"dim": [1]})
    net.layer.add(name="conv1")  # the same without weights, as for another phase
    path.write_bytes(net.SerializeToString())
    assert read_caffemodel(path)["conv1"][0].tolist() == [2.0]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", r"is empty"),
        (b"<!DOCTYPE html><html>", r"byte 0: is a web page"),
        (gzip.compress(b"net", mtime=0), r"byte 0: is gzip data"),
        (b"PK\x03\x04...", r"byte 0: is a ZIP archive"),
        (b"\x89HDF\r\n", r"byte 0: is an HDF5 file"),
        (b"\x0a\x03net", r"no layer with weights in it"),
        (b"layer { name: 'conv1' }", r"byte 0: field 13 of type 4 in the net"),
        (b"\x08\x05", r"byte 0: field 1 is of type 0"),  # a .solverstate
        (b"\xa2\x06\x7f", r"byte 0: a field of 127 bytes in the net"),
        (b"\xff" * 40, r"byte 0: the net breaks off"),
        (b"\x50\x01" * 200_001, r"byte 400000: more than 200000 fields"),
    ],
)
def test_something_else_is_named_with_the_byte(path: Path, content: bytes, line: str) -> None:
    path.write_bytes(content)
    with pytest.raises(CaffemodelError, match=rf"net\.caffemodel: {line}.*; expected ") as error:
        read_caffemodel(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.caffemodel"):
        with pytest.raises(InputError, match=rf"{path.name}: .*expected a \.caffemodel"):
            read_caffemodel(path)


def test_a_name_is_shown_in_one_line(path: Path) -> None:
    net = CAFFE["NetParameter"]()
    net.layer.add(name="two\nlines").blobs.add(data=[1, 2, 3], shape={"dim": [2]})
    path.write_bytes(net.SerializeToString())
    with pytest.raises(CaffemodelError, match=r"two\\nlines has 3 numbers"):
        read_caffemodel(path)
    net.layer[0].name = 1001 * "x"
    path.write_bytes(net.SerializeToString())
    with pytest.raises(CaffemodelError, match="a name of 1001 bytes; expected 1000 at most"):
        read_caffemodel(path)


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ([2, 2], "conv1 has 3 numbers; expected 2 x 2 of them"),
        ([], "conv1 has 3 numbers; expected 1 of them"),
        ([-1, -3], "expected 18446744073709551615 x "),
        ([1 << 40] * 30, "conv1 has 3 numbers"),
        ([1] * 33, "expected at most 32"),
    ],
)
def test_a_shape_that_does_not_fit_is_named(path: Path, shape: list[int], line: str) -> None:
    net = CAFFE["NetParameter"]()
    net.layer.add(name="conv1").blobs.add(data=[1, 2, 3], shape={"dim": shape})
    path.write_bytes(net.SerializeToString())
    with pytest.raises(CaffemodelError, match=line):
        read_caffemodel(path)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_file_cut_anywhere_is_an_error_or_lacks_whole_layers(path: Path, generation: Any) -> None:
    layers = {name: [blob.ravel()[:5] for blob in b] for name, b in some_layers().items()}
    write_caffemodel(path, layers, generation=generation)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            found = read_caffemodel(path)
        except CaffemodelError:
            continue
        assert_equal(found, dict(list(layers.items())[: len(found)]))
        assert len(found) < len(layers)


def mutated(kind: int, edits: list[tuple[int, int]], cut: int, inserted: bytes) -> bytes:
    content = bytearray(SEEDS[kind])
    for at, byte in edits:
        content[at % len(content)] = byte
    at = cut % len(content)
    return bytes(content[:at] + inserted + content[at + len(inserted) :]) if cut else bytes(content)


SEEDS = [protobuf_net(classes, g) for g in GENERATIONS for classes in (CAFFE, UNPACKED)]
AT = st.one_of(st.integers(0, 80), st.integers(0, 1 << 14))  # lengths and names lie in front
EDITS = st.lists(st.tuples(AT, st.integers(0, 255)), max_size=8)
FILES = st.one_of(
    st.binary(max_size=300),
    st.builds(mutated, st.integers(0, len(SEEDS) - 1), EDITS, AT, st.binary(max_size=20)),
)


@settings(max_examples=600, deadline=None)
@given(FILES)
def test_no_file_crashes_hangs_or_takes_more_memory_than_it_has(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.caffemodel"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        for blobs in read_caffemodel(path).values():
            assert sum(blob.nbytes for blob in blobs) <= len(content)
    except CaffemodelError as error:
        assert "\n" not in str(error)
    finally:
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert used < 20 * len(content) + 200_000


def test_writing_what_cannot_be_written_leaves_the_old_file(path: Path) -> None:
    write_caffemodel(path, some_layers())
    before = path.read_bytes()
    with pytest.raises(ValueError, match="could not convert"):
        write_caffemodel(path, {"conv1": [np.array(["not", "a", "number"])]})
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]
