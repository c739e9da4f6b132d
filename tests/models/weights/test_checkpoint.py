"""Checkpoints: written and read as they are, and refused in one line."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import (
    REQUIRED,
    Checkpoint,
    read_checkpoint,
    read_state,
    read_tensors,
    write_checkpoint,
    write_tensors,
)

STATE = {"conv1_1.weight": torch.arange(6.0).view(2, 3), "input_order": torch.tensor([2, 1, 0])}
FULL = Checkpoint(
    state=STATE,
    net=Net(backbone="vgg16", predict_from=("fc7",), skip_scales=(), width=1 / 32),
    classes={"semantic": ("a", "b")},
    palette={"semantic": ((0, 0, 0), (9, 8, 7))},
    inputs=("rgb",),
    best_iteration=40,
    scores={"mean_iu": 0.5},
    seconds=1.5,
    loss=0.25,
    settings={"batch_size": 1, "momentum": 0.99, "learning_rate": 1e-10},
    order="abc",
    diverged_at=None,
    provenance={"commit": "c", "values": {"recipe": {"iterations": 100}}},
)


def without_state(checkpoint: Checkpoint) -> Checkpoint:
    return replace(checkpoint, state={})


def test_a_net_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "net.pt", FULL)
    found = read_checkpoint(tmp_path / "net.pt")
    assert without_state(found) == without_state(FULL)
    assert found.state.keys() == STATE.keys()
    assert all(torch.equal(found.state[name], STATE[name]) for name in STATE)


def test_a_classifier_is_read_as_it_was_written_and_has_no_values_of_a_net(tmp_path: Path) -> None:
    given = Checkpoint(STATE, scores={"accuracy": 0.75}, provenance={"seed": 0})
    write_checkpoint(tmp_path / "net.pt", given)
    assert without_state(read_checkpoint(tmp_path / "net.pt")) == without_state(given)
    assert list(read_tensors(tmp_path / "net.pt")) == ["state", "scores", "provenance"]


@pytest.mark.parametrize("key", ["state", *REQUIRED])
def test_a_lacking_key_is_named(tmp_path: Path, key: str) -> None:
    write_checkpoint(tmp_path / "net.pt", FULL)
    content = read_tensors(tmp_path / "net.pt")
    del content[key]
    write_tensors(tmp_path / "net.pt", content)
    with pytest.raises(InputError, match=rf"net\.pt: lacks {key}; expected a checkpoint"):
        read_checkpoint(tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"classes": ["a"]}, "classes without their task; expected a net trained anew"),
        ({"classes": {"semantic": [1]}}, r"classes\.semantic\.0: Input should be a valid string"),
        ({"palette": {"semantic": [(1, 2)]}}, r"palette\.semantic\.0\.2: Field required"),
        ({"net": {"backbone": "vgg17", "predict_from": ["fc7"]}}, r"net\.backbone: Input should"),
        ({"scores": {"mean_iu": "x"}}, r"scores\.mean_iu: Input should be a valid number"),
        ({"state": {"x": 1}}, "no tensors in it; expected a dict of layer name -> tensor"),
        ({"state": {"x": torch.zeros(1, dtype=torch.int8)}}, "x is of type int8; expected float"),
    ],
)
def test_a_value_of_another_kind_is_one_line_read_or_written(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    write_checkpoint(tmp_path / "net.pt", FULL)
    before = (tmp_path / "net.pt").read_bytes()
    with pytest.raises(InputError, match=rf"net\.pt: {line}") as error:
        write_checkpoint(tmp_path / "net.pt", replace(FULL, **changes))
    assert "\n" not in str(error.value) and (tmp_path / "net.pt").read_bytes() == before
    write_tensors(tmp_path / "bad.pt", {**read_tensors(tmp_path / "net.pt"), **changes})
    with pytest.raises(InputError, match=rf"bad\.pt: {line}"):
        read_checkpoint(tmp_path / "bad.pt")


def test_files_of_others_are_read_as_they_are(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "state.pth")
    assert read_tensors(tmp_path / "state.pth").keys() == STATE.keys()
    assert read_state(tmp_path / "state.pth").keys() == STATE.keys()
    with pytest.raises(InputError, match=r"state\.pth: lacks state; expected a checkpoint"):
        read_checkpoint(tmp_path / "state.pth")


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.pt: .*expected a checkpoint") as error:
        read_tensors(path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    torch.save({"state": build_fcn(width=1 / 32).state_dict()}, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut\.pt: "):
        read_state(path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pt: no such file"):
        read_state(tmp_path / "none.pt")


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    torch.save({"state": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(InputError, match=r"trap\.pt"):
        read_state(tmp_path / "trap.pt")
    assert not (tmp_path / "ran").exists()


def test_a_file_of_another_layout_is_named(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "vgg16.pth")
    with pytest.raises(InputError, match=r"vgg16\.pth: torchvision's .* `fcn convert`"):
        read_state(tmp_path / "vgg16.pth")
