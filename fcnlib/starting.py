"""A net with its starting weights: a classifier's, a coarser net's, or random ones."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from fcnlib.config import Net
from fcnlib.counting import TASK
from fcnlib.datasets.prepared import Prepared, first_and_more
from fcnlib.errors import InputError
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.transplant import read_state, transplant

log = logging.getLogger(__name__)


def make_net(values: Net, dataset: Prepared, start: Sequence[Path], *, seed: int) -> FCN:
    """The net with its starting weights: a classifier's, a coarser net's or random ones."""
    net = build_fcn(
        **values.model_dump(exclude={"start_from"}), classes=len(dataset.info.tasks[TASK])
    )
    if values.start_from == "random":
        initialise(net, torch.Generator().manual_seed(seed))
        net.input_mean.copy_(torch.tensor(dataset.info.mean_rgb).flip(0))
        net.input_scale.fill_(1 / 64)  # about unit variance, which He's initialisation expects
        return net
    for path in start:
        done = transplant(read_state(path), net, origin=str(path))
        lost = [name for name in done.missing if not name.startswith(("score", "input_"))]
        if lost:
            raise InputError(f"{path}: lacks {first_and_more(lost)}; expected the whole trunk")
        log.info("%s: %d tensors, new: %s", path, len(done.copied), ", ".join(done.missing) or "-")
    return net


def initialise(net: FCN, generator: torch.Generator) -> None:
    """He's initialisation for every layer but the score layers, which stay zero."""
    for name, layer in net.items():
        if isinstance(layer, nn.Conv2d) and not name.startswith("score"):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
