"""Random bytes for every reader of model files: it returns, or raises InputError."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.inference.convert import to_caffemodel
from fcnlib.inference.exported import BUILD_ARGS, METADATA, TENSORS, read_exported
from fcnlib.inference.torchscript import export_torchscript, read_metadata
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.caffemodel import read_layers
from fcnlib.models.weights.checkpoint import (
    REQUIRED,
    Checkpoint,
    read_tensors,
    write_checkpoint,
)
from fcnlib.models.weights.file_kinds import kind_of_file
from fcnlib.models.weights.sources import read_weights

bounded = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
THIN: dict[str, Any] = {"width": 1 / 64, "padding": 1, "fc6_kernel": 1}
CONTENT = {"state": {"conv1_1.weight": torch.arange(6.0).view(2, 3)}, "scores": {"mean_iu": 0.5}}

# Where a file is changed, as a share of its length, and to what.
edit = st.tuples(
    st.floats(0, 1), st.sampled_from(["set", "cut", "insert", "remove"]), st.binary(max_size=9)
)
changes = st.lists(edit, min_size=1, max_size=4)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)
keys = st.text(max_size=9) | st.sampled_from(["state", "provenance", "scores", *REQUIRED])


def changed(content: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    """The content after a few edits."""
    for share, kind, new in edits:
        at = int(share * len(content))
        if kind == "cut":
            content = content[:at]
        else:
            rest = {"set": at + len(new), "insert": at, "remove": at + 1 + len(new)}[kind]
            content = content[:at] + (b"" if kind == "remove" else new) + content[rest:]
    return content


def tried(read: Callable[[Path], object], path: Path) -> None:
    """Read the file; an InputError is one line."""
    try:
        read(path)
    except InputError as error:
        assert "\n" not in str(error)
        assert str(path) in str(error)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    torch.save(CONTENT, folder / "zip.pt")
    torch.save(CONTENT, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    net = build_fcn(predict_from=["fc7"], classes=2, **THIN)
    export_torchscript(net, folder / "net.ts")
    values = Net(backbone="vgg16", predict_from=("fc7",), **THIN)
    labels: dict[str, Any] = {"classes": {"semantic": ("a", "b")}, "inputs": ("rgb",)}
    write_checkpoint(folder / "net.pt", Checkpoint(net.state_dict(), values, **labels))
    to_caffemodel(folder / "net.pt", folder / "net.caffemodel")
    return folder


@bounded
@given(edits=changes, kind=st.sampled_from(["zip.pt", "legacy.pt"]))
def test_a_changed_checkpoint(files: Path, tmp_path: Path, kind: str, edits: Any) -> None:
    (tmp_path / "net.pt").write_bytes(changed((files / kind).read_bytes(), edits))
    tried(read_tensors, tmp_path / "net.pt")


@bounded
@given(edits=changes)
def test_a_changed_pickle_with_the_right_checksum(files: Path, tmp_path: Path, edits: Any) -> None:
    with (
        zipfile.ZipFile(files / "zip.pt") as good,
        zipfile.ZipFile(tmp_path / "net.pt", "w") as archive,
    ):
        for name in good.namelist():
            content = good.read(name)
            archive.writestr(name, changed(content, edits) if name.endswith(".pkl") else content)
    tried(read_tensors, tmp_path / "net.pt")


@settings(bounded, max_examples=50)
@given(content=st.dictionaries(keys, values, max_size=9))
def test_a_checkpoint_of_other_content(tmp_path: Path, content: dict[str, Any]) -> None:
    torch.save(content, tmp_path / "net.pt")
    tried(read_metadata, tmp_path / "net.pt")


@bounded
@given(
    member=st.sampled_from([METADATA, BUILD_ARGS, TENSORS]),
    key=st.integers(0, 30),
    value=values,
    edits=st.none() | changes,
)
def test_changed_metadata_of_an_exported_model(
    files: Path, tmp_path: Path, member: str, key: int, value: Any, edits: Any
) -> None:
    with (
        zipfile.ZipFile(files / "net.ts") as good,
        zipfile.ZipFile(tmp_path / "net.ts", "w") as archive,
    ):
        for name in good.namelist():
            content = good.read(name)
            if name.endswith(f"extra/{member}"):
                found = json.loads(content)
                places = found if isinstance(found, list) else [found]
                one = places[key % len(places)]
                one[list(one)[key % len(one)]] = value
                content = json.dumps(found).encode("utf-8", "replace")
                content = changed(content, edits) if edits else content
            archive.writestr(name, content)
    tried(read_exported, tmp_path / "net.ts")


@bounded
@given(edits=changes)
def test_a_changed_exported_model(files: Path, tmp_path: Path, edits: Any) -> None:
    (tmp_path / "net.ts").write_bytes(changed((files / "net.ts").read_bytes(), edits))
    tried(read_exported, tmp_path / "net.ts")


@bounded
@given(edits=changes, read=st.sampled_from([read_layers, read_weights]))
def test_a_changed_caffemodel(
    files: Path, tmp_path: Path, edits: Any, read: Callable[[Path], object]
) -> None:
    (tmp_path / "net.caffemodel").write_bytes(
        changed((files / "net.caffemodel").read_bytes(), edits)
    )
    tried(read, tmp_path / "net.caffemodel")


@bounded
@given(head=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"<", b"{"]), rest=st.binary())
def test_random_bytes(tmp_path: Path, head: bytes, rest: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(head + rest)
    assert isinstance(kind_of_file(tmp_path / "net.pt"), str)
    tried(read_metadata, tmp_path / "net.pt")
