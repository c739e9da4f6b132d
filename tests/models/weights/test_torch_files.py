"""Tensors and plain values come back as torch.save wrote them."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fcnlib.core.errors import InputError
from fcnlib.models.weights.torch_files import read_torch


@pytest.mark.parametrize("zipped", [True, False])
def test_all_that_files_of_weights_hold_is_read(tmp_path: Path, zipped: bool) -> None:
    numbers = torch.arange(20.0).view(4, 5)
    tensors = {
        "whole": numbers,
        "turned": numbers.t()[1:3],
        "half": numbers.half(),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "flags": numbers[0] > 2,
        "complex": torch.ones(2, dtype=torch.complex64),
        "one": torch.tensor(3),
        "none": torch.empty(0, 3),
        "parameter": nn.Parameter(torch.ones(2)),
    }
    plain = {"names": ["a", ("b", None)], "rate": 1e-10, "flag": True, "large": 2**70}
    content = {"state": OrderedDict(tensors), "shape": torch.Size([2, 3]), **plain}
    torch.save(content, tmp_path / "net.pt", _use_new_zipfile_serialization=zipped)
    found = read_torch(tmp_path / "net.pt")
    assert {name: found[name] for name in plain} == plain and found["shape"] == (2, 3)
    for name, tensor in tensors.items():
        assert (
            torch.equal(found["state"][name], tensor) and found["state"][name].dtype == tensor.dtype
        )


def test_tensors_of_one_storage_share_it(tmp_path: Path) -> None:
    numbers = torch.zeros(1000)
    torch.save([numbers[:500], numbers[500:]], tmp_path / "net.pt")
    first, second = read_torch(tmp_path / "net.pt")
    assert first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr()


def sparse() -> Tensor:
    return torch.zeros(3, 3).to_sparse()


@pytest.mark.parametrize("value", [sparse(), nn.Linear(1, 1), Path("x"), torch.device("cpu")])
def test_other_objects_are_refused(tmp_path: Path, value: object) -> None:
    torch.save({"x": value}, tmp_path / "net.pt")
    with pytest.raises(InputError, match=r"net\.pt: not only tensors in it: [\w.]+ \(") as error:
        read_torch(tmp_path / "net.pt")
    assert "\n" not in str(error.value)


def test_a_file_that_is_written_anew_in_place_leaves_what_was_read(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(100_000)}, tmp_path / "net.pt")
    found = read_torch(tmp_path / "net.pt")
    (tmp_path / "net.pt").write_bytes(b"")
    assert found["w"].sum() == 100_000
