"""What a probe measures."""

import sys
from typing import Any

import pytest
import torch
from fixtures.training import NET

from fcnlib.config.schema_experiments import Timing
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.models.fcn import build_fcn
from fcnlib.training.probe import probe, stored_bytes
from fcnlib.training.stopwatch import cost_of_command, require_idle
from fcnlib.training.workload import (
    ClassifierKind,
    ImageKind,
    NetKind,
    Probed,
    ProcessKind,
    TimingKind,
)

SIZES = ((40, 48), (48, 40))
CLASSES = (("semantic", 4),)


def net_kind(**changes: Any) -> NetKind:
    values = {**NET, "start_from": ()}
    kind = NetKind(
        net=Net.model_validate(values), inputs=("rgb",), classes=CLASSES, batch_size=2,
        workers=1, precision="fp32", sizes=SIZES, side=32,
    )  # fmt: skip
    return kind.model_copy(update=changes)


LATE = Net.model_validate(
    {**NET, "start_from": (), "predict_from": ["fc7"], "streams": ["color", "hha"]}
)
DEPTH = Net.model_validate({**NET, "start_from": (), "input_channels": 4})
NET_PIECES = {"start", "train", "validate", "load", "evaluate", "forward"}
KINDS: dict[str, tuple[Probed, set[str]]] = {
    "net": (net_kind(), NET_PIECES),
    "crops": (net_kind(crop=(32, 40), norm="batch"), NET_PIECES),
    "two tasks": (net_kind(classes=(("semantic", 4), ("geometric", 3))), NET_PIECES),
    "late fusion": (net_kind(net=LATE, inputs=("rgb", "hha")), NET_PIECES),
    "early fusion": (net_kind(net=DEPTH, inputs=("rgb", "depth")), NET_PIECES),
    "classifier": (
        ClassifierKind(backbone="alexnet", width=1 / 16, fc6_kernel=3, window=64, batch_size=2),
        {"start", "update", "classify"},
    ),
    "timing": (
        TimingKind(
            timing=Timing(way="convolutional", backbone="alexnet", width=1 / 16, side=227, runs=1)
        ),
        {"pass"},
    ),
    "images": (ImageKind(sizes=SIZES, classes=CLASSES), {"store"}),
    "depth": (ImageKind(sizes=SIZES, classes=CLASSES, depth=True), {"store", "encode"}),
    "bound": (ImageKind(sizes=SIZES, classes=CLASSES, factor=8), {"downsample"}),
    "process": (ProcessKind(imports=("json", "no_such_module.x")), {"start"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_piece_of_a_kind_has_a_cost(name: str) -> None:
    kind, pieces = KINDS[name]
    found = probe(kind, steps=2, device="cpu")
    assert found.of == kind
    assert found.costs.keys() == pieces
    # Only a start may be lost in what is done meanwhile.
    assert all(cost.cpu_seconds > 0 for piece, cost in found.costs.items() if piece != "start")


def test_a_probe_leaves_random_numbers_as_they_are() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    probe(net_kind(), steps=1, device="cpu")
    assert torch.equal(torch.rand(4), expected)


def test_stored_bytes_are_those_of_the_nets_tensors() -> None:
    kind = net_kind()
    net = build_fcn(**kind.net.model_dump(exclude={"start_from"}), classes=dict(kind.classes))
    tensors = net.state_dict().values()
    assert stored_bytes(kind) == sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_a_busy_processor_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 0.0, 0.0))
    with pytest.raises(
        InputError, match=r"cpu: load average 1000\.0 on \d+ cores; expected an idle"
    ):
        require_idle("cpu")
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    require_idle("cpu")


def test_a_command_that_fails_is_refused_with_its_last_line() -> None:
    with pytest.raises(InputError, match="no luck; expected it to end well"):
        cost_of_command([sys.executable, "-c", "import sys; sys.exit('no luck')"])
