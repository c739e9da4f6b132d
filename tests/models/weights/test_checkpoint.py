"""Checkpoints that are damaged, missing or foreign."""

from pathlib import Path

import pytest
import torch

from fcnlib.core.errors import InputError
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import read_checkpoint, read_state


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.pt: .*expected a checkpoint") as error:
        read_checkpoint(path)
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
