"""An exported model read as data gives the net that was exported."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.nets import with_random_weights

from fcnlib.inference.exported import read_exported
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn

TWO = {"semantic": 4, "geometric": 3}


@pytest.mark.parametrize(
    "values",
    [
        {"backbone": "alexnet", "predict_from": ["fc7"]},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output", "pool3/3x3_s2"]},
        {"backbone": "vgg19", "skip_scales": [0.01, 0.0001], "upsampling": "learned"},
        {"predict_from": ["fc7"], "classes": TWO, "input_channels": 4},
        {"predict_from": ["fc7"], "streams": ["color", "hha"]},
        {"features": "fixed", "null_background": True},
    ],
    ids=str,
)
def test_every_tensor_is_read_back_and_stored_once(tmp_path: Path, values: dict[str, Any]) -> None:
    net = with_random_weights(build_fcn(**{"width": 1 / 16, "classes": 5, **values}))
    export_torchscript(net, tmp_path / "net.ts")
    found = read_exported(tmp_path / "net.ts").net
    assert found is not None and found.heads == net.heads
    state = net.state_dict()
    assert list(found.state_dict()) == list(state)
    for name, tensor in found.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    for (name, own), (_, read) in zip(
        net.named_parameters(), found.named_parameters(), strict=True
    ):
        assert own.requires_grad == read.requires_grad, name
    with zipfile.ZipFile(tmp_path / "net.ts") as archive:
        records = [i.file_size for i in archive.infolist() if "/data/" in i.filename]
    assert sum(records) == sum(tensor.nbytes for tensor in state.values())


def test_the_layout_of_a_net_that_is_exported_stays(tmp_path: Path) -> None:
    net = with_random_weights(build_fcn(classes=5, width=1 / 16))
    to: Any = net.to  # its stub lacks memory_format
    to(memory_format=torch.channels_last)
    export_torchscript(net, tmp_path / "net.ts")
    assert net["conv1_2"].weight.is_contiguous(memory_format=torch.channels_last)
    found = read_exported(tmp_path / "net.ts").net
    assert found is not None and torch.equal(found["conv1_2"].weight, net["conv1_2"].weight)
