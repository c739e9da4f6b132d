"""Model files that are damaged, foreign or malicious."""

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.hostile import Kind
from fixtures.nets import with_random_weights
from PIL import Image
from torch import Tensor, nn

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.inference.convert import to_caffemodel
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import (
    Checkpoint,
    read_tensors,
    write_checkpoint,
    write_tensors,
)

THIN: dict[str, Any] = {"width": 1 / 32, "padding": 1, "fc6_kernel": 3}
VALUES = Net(backbone="vgg16", predict_from=("fc7",), **THIN)
GREYS = tuple((i, i, i) for i in range(5))


def a_checkpoint(path: Path, **changes: Any) -> Path:
    """Write a small net's checkpoint with `changes` to its content."""
    net = with_random_weights(build_fcn(predict_from=["fc7"], classes=5, **THIN))
    labels = {"classes": {"semantic": tuple("abcde")}, "palette": {"semantic": GREYS}}
    write_checkpoint(path, Checkpoint(net.state_dict(), VALUES, **labels, inputs=("rgb",)))  # type: ignore[arg-type]
    if changes:
        write_tensors(path, {**read_tensors(path), **changes})
    return path


def an_exported(path: Path) -> Path:
    export_checkpoint(a_checkpoint(path.with_name("source.pt")), path)
    path.with_name("source.pt").unlink()
    return path


def rewritten(
    path: Path, changes: dict[str, bytes | None], method: int = zipfile.ZIP_STORED
) -> Path:
    """The ZIP file with other members: changed, added, or left out where None."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(members)).partition("/")[0]
    members |= {f"{root}/{name}": content for name, content in changes.items()}  # type: ignore[misc]
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def changed_json(path: Path, member: str, change: Callable[[Any], Any]) -> Path:
    """The exported model with other metadata."""
    with zipfile.ZipFile(path) as archive:
        content = json.loads(archive.read(f"archive/extra/{member}"))
    return rewritten(path, {f"extra/{member}": json.dumps(change(content)).encode()})


def an_image(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def predicting(folder: Path, model: str, *options: str) -> list[object]:
    an_image(folder / "photos/one.png")
    return ["predict", "photos", "--model", model, "--out", "out", *options]


class Loader(nn.Module):
    """Fills a file of the user with zeros when it is loaded."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def forward(self, rgb: Tensor) -> Tensor:
        return rgb[:, 0]

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return (self.target, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.target = state[0]
        self.training = state[1]
        page = torch.from_file(self.target, shared=True, size=8, dtype=torch.uint8).zero_()
        self.target += str(int(page[0]))  # used, or the compiler would leave it out


class Runner(nn.Module):
    """Does it when it is run."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def forward(self, rgb: Tensor) -> Tensor:
        page = torch.from_file(self.target, shared=True, size=8, dtype=torch.uint8).zero_()
        return rgb[:, 0] + page[0]


def malicious(path: Path, kind: type[nn.Module], **extra: str) -> Path:
    target = path.with_name("notes.txt")
    target.write_text("my notes", "utf-8")
    # Without _extra_files the module would be as it is, whatever its metadata say.
    torch.jit.script(kind(str(target))).save(str(path), _extra_files=extra)
    return path


def claiming_to_be_ours(folder: Path) -> list[object]:
    own = an_exported(folder / "own.ts")
    with zipfile.ZipFile(own) as archive:
        extra = {
            name: archive.read(f"archive/extra/{name}").decode()
            for name in ("metadata.json", "net.json", "tensors.json")
        }
    own.unlink()
    malicious(folder / "load.ts", Loader, **extra)
    return predicting(folder, "load.ts")


def foreign(folder: Path, kind: type[nn.Module], name: str) -> list[object]:
    malicious(folder / name, kind)
    return predicting(folder, name)


def info_of_foreign(folder: Path) -> list[object]:
    malicious(folder / "run.ts", Runner)
    return ["info", "run.ts"]


class Gives(nn.Module):
    """A model of another origin that gives the red channel in some other form."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def forward(self, rgb: Tensor) -> Tensor:
        if self.form == "floats":
            return rgb[:, 0].float()
        if self.form == "channels":
            return rgb
        return rgb[:, 0, ::2]


class GivesTuple(nn.Module):
    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        return rgb[:, 0], rgb[:, 1]


class GivesPaths(nn.Module):
    def forward(self, rgb: Tensor) -> dict[str, Tensor]:
        return {"../../a": rgb[:, 0], "b": rgb[:, 1]}


def trusted(folder: Path, module: nn.Module) -> list[object]:
    torch.jit.script(module).save(str(folder / "net.ts"))
    return predicting(folder, "net.ts", "--trust")


def file(name: str, content: bytes, *arguments: object) -> Callable[[Path], list[object]]:
    """Writes a file, and asks for what is in it."""

    def make(folder: Path) -> list[object]:
        (folder / name).write_bytes(content)
        return list(arguments) or ["info", name]

    return make


def zipped(name: str, members: dict[str, bytes], *, deflated: bool = False) -> Any:
    def make(folder: Path) -> list[object]:
        method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
        with zipfile.ZipFile(folder / name, "w", method) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return ["info", name]

    return make


def checkpoint(*command: str, **changes: Any) -> Callable[[Path], list[object]]:
    """A checkpoint with other content, and what is done with it: by default, predicting."""

    def make(folder: Path) -> list[object]:
        a_checkpoint(folder / "net.pt", **changes)
        return list(command) or predicting(folder, "net.pt")

    return make


def exported(member: str, change: Callable[[Any], Any]) -> Callable[[Path], list[object]]:
    def make(folder: Path) -> list[object]:
        changed_json(an_exported(folder / "net.ts"), member, change)
        return predicting(folder, "net.ts")

    return make


def first_tensor(**changes: Any) -> Callable[[Any], Any]:
    """The list of tensors with a first one that is described otherwise."""
    return lambda tensors: [{**tensors[0], **changes}, *tensors[1:]]


def a_bomb(folder: Path, suffix: str) -> list[object]:
    """Records of 200 MB each that take 200 kB."""
    path = a_checkpoint(folder / "net.pt") if suffix == "pt" else an_exported(folder / "net.ts")
    rewritten(path, {"data/0": bytes(200 << 20)}, zipfile.ZIP_DEFLATED)
    return predicting(folder, path.name)


def a_pickle_bomb(folder: Path) -> list[object]:
    """Lists of lists of the same lists: 10 to the power of 30 values."""
    value: list[Any] = []
    for _ in range(30):
        value = [value] * 10
    torch.save({"state": {}, "values": value}, folder / "net.pt")
    return ["info", "net.pt"]


def pickled(program: bytes, *command: str) -> Callable[[Path], list[object]]:
    """A file of this pickle, and what is done with it: by default, asking what is in it."""
    members = {"a/data.pkl": b"\x80\x02" + program + b".", "a/byteorder": b"little"}

    def make(folder: Path) -> list[object]:
        with zipfile.ZipFile(folder / "net.pt", "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return list(command) or ["info", "net.pt"]

    return make


def a_storage(name: bytes, length: bytes = b"K\x01") -> bytes:
    """What makes a storage in a pickle."""
    return b"(U\x07storagectorch\nFloatStorage\n" + name + b"U\x03cpu" + length + b"tQ"


def with_double_weights(folder: Path) -> list[object]:
    """Weights that are numbers in 64 bits alone."""
    path = a_checkpoint(folder / "net.pt")
    state: Any = read_tensors(path)["state"]
    state["fc7.bias"] = torch.full_like(state["fc7.bias"], 1e300, dtype=torch.float64)
    write_tensors(path, {**read_tensors(path), "state": state})
    return predicting(folder, "net.pt")


def a_long_stride(folder: Path) -> list[object]:
    """One number that claims to be a tensor of 10 to the power of 12."""
    torch.save({"state": {"conv1_1.weight": torch.zeros(1).expand(10**12)}}, folder / "net.pt")
    return ["convert", "net.pt", "--to", "vgg16", "--out", "out.pt"]


def a_legacy_bomb(folder: Path) -> list[object]:
    """A file from before 2020 that declares a storage of 10 to the power of 9 numbers."""
    torch.save({"x": torch.zeros(77)}, folder / "net.pt", _use_new_zipfile_serialization=False)
    content = (folder / "net.pt").read_bytes()
    count = struct.pack("<q", 77)
    assert content.count(count) == 1
    (folder / "net.pt").write_bytes(content.replace(count, struct.pack("<q", 10**9)))
    return ["info", "net.pt"]


def a_longer_storage(folder: Path) -> list[object]:
    """A file that declares 78 numbers where 77 are stored."""
    torch.save({"x": torch.zeros(77)}, folder / "net.pt")
    with zipfile.ZipFile(folder / "net.pt") as archive:
        content = archive.read("net/data.pkl")
    assert content.count(b"K\x4d") == 2  # of the storage, of the tensor
    rewritten(folder / "net.pt", {"data.pkl": content.replace(b"K\x4d", b"K\x4e")})
    return ["info", "net.pt"]


def a_legacy_void(folder: Path) -> list[object]:
    """A file from before 2020 that declares 10 to the power of 9 numbers and lists no storage."""
    torch.save({"x": torch.zeros(77)}, folder / "net.pt", _use_new_zipfile_serialization=False)
    content, count = (folder / "net.pt").read_bytes(), pickle.BININT1 + b"\x4d"
    assert content.count(count) == 2  # of the storage, of the tensor
    content = content.replace(count, pickle.BININT + struct.pack("<i", 10**9))
    listed = content.rindex(pickle.PROTO + b"\x02")
    (folder / "net.pt").write_bytes(content[:listed] + pickle.dumps([], 2))
    return ["info", "net.pt"]


def non_finite(folder: Path, suffix: str) -> list[object]:
    path = a_checkpoint(folder / "net.pt")
    if suffix == "caffemodel":
        to_caffemodel(path, folder / "net.caffemodel")
        content = (folder / "net.caffemodel").read_bytes()
        bias: Any = read_tensors(path)["state"]
        found = bias["fc7.bias"].numpy().tobytes()
        assert content.count(found) == 1
        content = content.replace(found, np.full(len(found) // 4, np.nan, "<f4").tobytes())
        (folder / "net.caffemodel").write_bytes(content)
    else:
        state: Any = read_tensors(path)["state"]
        state["fc7.bias"][3] = float("inf")
        write_tensors(path, {**read_tensors(path), "state": state})
    return predicting(folder, f"net.{suffix}")


def a_whole_model(folder: Path) -> list[object]:
    torch.save(nn.Linear(2, 2), folder / "net.pt")
    return ["info", "net.pt"]


def without_tensors_json(folder: Path) -> list[object]:
    rewritten(an_exported(folder / "net.ts"), {"extra/tensors.json": None})
    return predicting(folder, "net.ts")


def two_records_of_one_name(folder: Path) -> list[object]:
    path = an_exported(folder / "net.ts")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data/3", archive.read("archive/data/3"))
    return predicting(folder, "net.ts")


def a_pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "net.pt")
    return predicting(folder, "net.pt")


NOT_TRUSTED = r"TorchScript of another origin, a program .*--trust"
HTML = b"<!DOCTYPE html><html><body>Not found</body></html>"
SAFETENSORS = struct.pack("<Q", 40) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}1234'
DAMAGED = r"net\.pt: damaged"
PAIRS = b"2\x86" * 60  # in a pickle: a pair of the last value twice, 60 times

KINDS = [
    # That run a program.
    Kind("a model that writes to a file when it is loaded",
         lambda f: foreign(f, Loader, "load.ts"), NOT_TRUSTED),
    Kind("the same as .pt", lambda f: foreign(f, Loader, "load.pt"), NOT_TRUSTED),
    Kind("one that writes when it is run", lambda f: foreign(f, Runner, "run.ts"), NOT_TRUSTED),
    Kind("one that is asked what it is", info_of_foreign, r"run\.ts: TorchScript of another"),
    Kind("one that claims to be ours", claiming_to_be_ours, r"load\.ts: .*record 'data/"),
    Kind("an exported model of an earlier version", without_tensors_json, "exported anew"),
    # That are trusted and give something else than labels.
    Kind("a tuple", lambda f: trusted(f, GivesTuple()), "gives a tuple; expected a tensor"),
    Kind("floats", lambda f: trusted(f, Gives("floats")), r"gives torch\.float32 of \[1, 40, 50\]"),
    Kind("three channels", lambda f: trusted(f, Gives("channels")), r"\[1, 3, 40, 50\]; expected"),
    Kind("half of the rows", lambda f: trusted(f, Gives("rows")), r"\[1, 20, 50\]; expected"),
    Kind("tasks that are paths", lambda f: trusted(f, GivesPaths()), r"gives \.\./\.\./a, b; exp"),
    # Of another kind.
    Kind("a web page saved as weights", file("net.pt", HTML), r"net\.pt: is a web page"),
    Kind("a marked web page", file("net.pt", b"\xef\xbb\xbf\n" + HTML), r"net\.pt: is a web page"),
    Kind("a web page saved as a model", file("net.ts", HTML), r"net\.ts: is a web page"),
    Kind("a web page saved as .caffemodel", file("n.caffemodel", HTML), "is a web page"),
    Kind("gzip data", file("net.pt", b"\x1f\x8b\x08\0\0"), "is gzip data"),
    Kind("safetensors", file("net.pt", SAFETENSORS), "is a safetensors file"),
    Kind("HDF5", file("net.pt", b"\x89HDF\r\n\x1a\n" + bytes(99)), "is an HDF5 file"),
    Kind("ONNX", file("net.pt", b"\x08\x07\x12\x07pytorch\x1a\x051.9.0\xff\xfe"), "is an ONNX mod"),
    Kind("nothing", file("net.pt", b""), "is empty"),
    Kind("zeros", file("net.pt", bytes(9999)), "is nothing but zeros"),
    Kind("a pickle of Python", file("net.pt", b"\x80\x04K\x01."), "is a pickle, not of PyTorch"),
    Kind("a Keras model", zipped("net.pt", {"model.weights.h5": b""}), "is a Keras model"),
    Kind("NumPy arrays", zipped("net.pt", {"a.npy": b""}), "file of NumPy arrays"),
    Kind("a ZIP archive", zipped("net.pt", {"a.txt": b""}), "is a ZIP archive without a PyTorch"),
    Kind("text", file("net.pt", b"oid sha256:1234\n"), "is text"),
    Kind("Git LFS", file("net.pt", b"version https://git-lfs.github.com/spec/v1\n"), "a Git LFS p"),
    Kind("a whole model", a_whole_model, r"not only tensors in it: torch\.nn\.modules\.linear"),
    Kind("a pipe", a_pipe, "is a named pipe"),
    # That exhaust the machine.
    Kind("a checkpoint of compressed records", lambda f: a_bomb(f, "pt"), "is compressed; exp"),
    Kind("a model of compressed records", lambda f: a_bomb(f, "ts"), "is compressed; expected"),
    Kind("lists of lists of the same lists", a_pickle_bomb, r"net\.pt: damaged"),
    Kind("a key that is pairs of the same pairs", pickled(b"}K\x01" + PAIRS + b"K\x01s"), DAMAGED),
    Kind("the same in a set", pickled(b"\x8f(K\x01" + PAIRS + b"\x90"), DAMAGED),
    Kind("the same as an OrderedDict's",
         pickled(b"ccollections\nOrderedDict\n(((K\x01" + PAIRS + b"K\x02tttR"), DAMAGED),
    Kind("the same as a storage's name", pickled(b"}U\x01s" + a_storage(b"K\x01" + PAIRS) + b"s"),
         DAMAGED),
    Kind("a key that is a tuple in half a million",
         pickled(b"}K\x01" + b"\x85" * 500_000 + b"K\x01s"), DAMAGED),
    Kind("a pickle of many lists", pickled(b"(" + b"]" * (1 << 24) + b"t"), "has 16777\\d+ bytes"),
    Kind("a long text many times", checkpoint("info", "net.pt", notes=["x" * 10**6] * 10**5),
         DAMAGED),
    Kind("a number of 5000 digits", checkpoint("info", "net.pt", notes=10**5000), DAMAGED),
    Kind("the same as an iteration", checkpoint(best_iteration=10**5000), DAMAGED),
    Kind("many long sides", pickled(b"}U\x01sctorch._utils\n_rebuild_tensor_v2\n("
         + a_storage(b"U\x010") + b"K\x00(" + (b"\x8a\xff" + b"\x7f" * 255) * 20_000 + b"t("
         + b"K\x01" * 20_000 + b"ttRs"), DAMAGED),
    Kind("one number as many", a_long_stride, r"net\.pt: damaged"),
    Kind("a storage that is not there", a_legacy_bomb, r"net\.pt: damaged"),
    Kind("a storage beyond its record", a_longer_storage, r"net\.pt: damaged"),
    Kind("a storage that is not listed", a_legacy_void, r"net\.pt: damaged"),
    Kind("a huge kernel",
         checkpoint(net={**VALUES.model_dump(mode="json"), "fc6_kernel": 10**9}),
         "fc6_kernel: 1000000000; expected"),
    Kind("many channels", exported("net.json", lambda net: {**net, "input_channels": 10**12}),
         "input_channels: .*; expected"),
    Kind("much padding", exported("net.json", lambda net: {**net, "padding": 10**9}),
         "padding: 1000000000; expected"),
    # Of odd content.
    Kind("a colour that is no byte", checkpoint(palette={"semantic": ((0, 0, 300), *GREYS[1:])}),
         r"net\.pt: palette\.semantic\.0\.2: .*255"),
    Kind("a negative colour", checkpoint(palette={"semantic": ((0, -1, 0), *GREYS[1:])}),
         r"palette\.semantic\.0\.1"),
    Kind("too few colours", checkpoint(palette={"semantic": GREYS[1:]}),
         "palette of 4 colours; expected 5"),
    Kind("inputs that are none", checkpoint(inputs=("sound",)), "inputs sound; expected such of 3"),
    Kind("inputs of more channels", checkpoint(inputs=("rgb", "depth")), "inputs rgb, depth; exp"),
    Kind("a task that is a path", checkpoint(classes={"../../a": tuple("abcde")}), r"classes\."),
    Kind("colours of an exported model",
         exported("metadata.json", lambda m: {**m, "palette": {"semantic": [[0, 0, 256]] * 5}}),
         r"net\.ts: palette\.semantic\.0\.2"),
    Kind("colours of a task that is a path",
         exported("metadata.json", lambda m: {**m, "palette": {"../../a": []}}),
         r"net\.ts: palette\.\.\./\.\./a"),
    Kind("colours of another task", checkpoint(palette={"semantic": GREYS, "other": []}),
         "palette of 'other'; expected of"),
    Kind("fewer classes than scores",
         exported("metadata.json", lambda m: {**m, "classes": {"semantic": ["a"]}}),
         "classes of {'semantic': 1}; expected"),
    Kind("infinite weights", lambda f: non_finite(f, "pt"), r"fc7\.bias is not finite"),
    Kind("weights beyond 32 bits", with_double_weights, r"fc7\.bias is not finite"),
    Kind("text that is none in the origin", checkpoint(provenance={"a": "\ud800"}),
         r"net\.pt: provenance: .*; expected texts and numbers"),
    Kind("a tensor in the origin",
         checkpoint("convert", "net.pt", "--out", "a.ts", provenance={"a": torch.zeros(3)}),
         r"net\.pt: provenance: .*; expected texts and numbers"),
    Kind("much padding of a file to convert",
         checkpoint("convert", "net.pt", "--out", "a.ts",
                    net={**VALUES.model_dump(mode="json"), "padding": 10**9}),
         r"error: net\.pt: padding: 1000000000; expected"),
    Kind("metadata that are no JSON",
         lambda f: ["info", rewritten(an_exported(f / "net.ts"), {"extra/metadata.json": b"{"})],
         r"net\.ts: Invalid JSON"),
    Kind("NaN in a .caffemodel", lambda f: non_finite(f, "caffemodel"), r"fc7\.bias is not fin"),
    Kind("a tensor of another shape", exported("tensors.json", first_tensor(shape=[4])),
         r"tensors\.json: input_order is int64 of \[4\]; expected int64 of \[3\]"),
    Kind("a tensor of another type", exported("tensors.json", first_tensor(dtype="int32")),
         "input_order is int32"),
    Kind("a tensor in another record", exported("tensors.json", first_tensor(record="version")),
         "record 'version' has 2 bytes; expected 24"),
    Kind("a tensor without a record", exported("tensors.json", first_tensor(record="../data/0")),
         r"lacks the record '\.\./data/0'"),
    Kind("a tensor of another name", exported("tensors.json", first_tensor(name="x")),
         r"tensors\.json: lacks input_order"),
    Kind("a record that is there twice", two_records_of_one_name, "two records 'data/3'"),
]  # fmt: skip


def of_synthetic_scenes(folder: Path, suffix: str, command: str) -> list[object]:
    path = a_checkpoint(folder / "net.pt", provenance={"images": "synthetic"})
    if suffix == "ts":
        export_checkpoint(path, folder / "net.ts")
    elif suffix == "caffemodel":
        to_caffemodel(path, folder / "net.caffemodel")
    name = f"net.{suffix}"
    return ["info", name] if command == "info" else predicting(folder, name)


def a_photograph_for_hha(folder: Path) -> list[object]:
    a_checkpoint(folder / "net.pt", inputs=("hha",))
    return predicting(folder, "net.pt")


SYNTHETIC = r"net\.{}: trained on synthetic scenes"
KINDS += [
    Kind(f"{command} with a .{suffix} of synthetic scenes",
         lambda f, s=suffix, c=command: of_synthetic_scenes(f, s, c),  # type: ignore[misc]
         SYNTHETIC.format(suffix), code=0, leaves=("out/*", "out"))
    for suffix in ("pt", "ts", "caffemodel")
    for command in ("info", "predict")
]  # fmt: skip
KINDS += [
    Kind("a photograph for a net of HHA", a_photograph_for_hha,
         r"photos/one\.png: no HHA, but the net sees HHA", code=0, leaves=("out/*", "out")),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_model_file_is_refused_in_one_line(kind: Kind, try_kind: Callable[[Kind], None]) -> None:
    try_kind(kind)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_the_attack_works_where_torch_loads_the_file(tmp_path: Path) -> None:
    """Or the tests above would show nothing."""
    malicious(tmp_path / "load.ts", Loader)
    assert (tmp_path / "notes.txt").read_text("utf-8") == "my notes"
    load: Any = torch.jit.load
    load(str(tmp_path / "load.ts"))
    assert (tmp_path / "notes.txt").read_bytes() == bytes(8)


def test_a_file_changes_nothing_for_the_next(tmp_path: Path) -> None:
    """One could give a type of storages, which is the same for all files, another value."""
    change = pickled(b"}U\x05statectorch\nFloatStorage\n]U\x01xabs")
    for _ in range(2):
        change(tmp_path)
        with pytest.raises(InputError, match="damaged"):
            load_model(tmp_path / "net.pt")
        assert load_model(a_checkpoint(tmp_path / "good.pt")).info.classes["semantic"] == tuple(
            "abcde"
        )


@pytest.mark.parametrize("suffix", ["pt", "ts"])
def test_a_flipped_bit_is_noticed_or_changes_no_weight(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net.{suffix}"
    (a_checkpoint if suffix == "pt" else an_exported)(path)
    good, content = load_model(path), path.read_bytes()
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    expected = good.scores(good.normalise(batch))
    places = np.random.default_rng(0).integers(0, 8 * len(content), 150)
    refused = 0
    for place in places:
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            model = load_model(path)
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert torch.equal(model.scores(model.normalise(batch)), expected), place
    assert refused > 0.6 * len(places)  # the rest: padding, names of code, ...


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """What a child process needs beyond what it needs for a good file."""
    pytest.importorskip("resource")
    good = a_checkpoint(tmp_path / "good.pt")
    bomb = rewritten(
        a_checkpoint(tmp_path / "bomb.pt"), {"data/0": bytes(600 << 20)}, zipfile.ZIP_DEFLATED
    )
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from fcnlib.models.weights.checkpoint import read_tensors\n"
        "try: read_tensors(Path(sys.argv[1]))\n"
        "except ValueError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
            ).stdout
        )
        for path in (good, bomb)
    ]
    assert peaks[1] < 1.1 * peaks[0]
