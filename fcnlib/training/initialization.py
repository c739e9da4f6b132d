"""A net with its starting weights: a classifier's, a coarser net's, or random ones."""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnlib.config.schema import Net
from fcnlib.config.schema_data import CHANNELS, Data
from fcnlib.core.errors import InputError
from fcnlib.core.generator import make_generator
from fcnlib.datasets.reader import PreparedDataset, first_and_more
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.graph import ILSVRC_MEAN_BGR
from fcnlib.models.weights.checkpoint import read_state
from fcnlib.models.weights.matching import load_matching

log = logging.getLogger(__name__)

SCORE_DEVIATION = 0.01  # of the last layers of Caffe's AlexNet and VGG nets


def build_initialized(
    values: Net,
    data: Data,
    dataset: PreparedDataset,
    start: Sequence[Path],
    *,
    seed: int,
    score_init: str = "zero",
) -> FCN:
    """The net with its starting weights: a classifier's, a coarser net's or random ones.

    A classifier knows the mean of its colours, and nothing of depth and HHA. Score layers that
    no weights are given for are zero or random.
    """
    net = build_fcn(
        **values.model_dump(exclude={"start_from"}), classes=_classes(dataset, data.tasks)
    )
    if score_init == "random":
        init_score_layers(net, make_generator(seed, "score layers"))
    others = [name for name in data.inputs if name != "rgb"]
    set_input(net, data, dataset, others)
    if values.start_from == "random":
        init_layers(net, torch.Generator().manual_seed(seed))
        set_input(net, data, dataset, data.inputs)
        net.input_scale.fill_(1 / 64)  # about unit variance, which He's initialisation expects
        return net
    load_start(net, start, streams=values.streams)
    if not values.start_from:
        set_input(net, data, dataset, others)
    if data.mean == "dataset":
        set_input(net, data, dataset, ["rgb"])
    return net


def _classes(dataset: PreparedDataset, tasks: Sequence[str]) -> dict[str, int]:
    """How many classes each task has."""
    if lacking := [task for task in tasks if task not in dataset.info.tasks]:
        known = ", ".join(dataset.info.tasks)
        raise InputError(f"{dataset.root}: no task {lacking[0]!r}; known: {known}")
    return {task: len(dataset.info.tasks[task]) for task in tasks}


def set_input(net: FCN, data: Data, dataset: PreparedDataset, names: Collection[str]) -> None:
    """Give the net the data set's mean of some inputs; those that are no colours as stored."""
    first = 0
    for name in data.inputs:
        places = torch.arange(first, first + CHANNELS[name])
        if name in names:
            if name != "rgb":
                net.input_order[places] = places
            mean = torch.tensor(dataset.mean(name, data.train))
            net.input_mean[places] = mean[net.input_order[places] - first]
        first += CHANNELS[name]


def load_start(net: FCN, start: Sequence[Path], *, streams: Sequence[str] = ()) -> None:
    """Copy the weights of the nets to start from; each head and new score layer stays as it is."""
    origin = ", ".join(map(str, start))
    states = [read_state(path) for path in start]
    own = any(name in states[0] for name, _ in net.named_parameters() if "upscore" not in name)
    state = stream_weights(states, streams, origin=origin) if streams and not own else states[0]
    done = load_matching(inflate_first_conv(state, net), net, origin=origin)
    lost = [name for name in done.missing if not name.startswith(("score", "upscore", "input_"))]
    if lost:
        raise InputError(f"{origin}: lacks {first_and_more(lost)}; expected the whole trunk")
    log.info("%s: %d tensors, new: %s", origin, len(done.copied), ", ".join(done.missing) or "-")


def stream_weights(
    states: Sequence[Mapping[str, Tensor]], streams: Sequence[str], *, origin: str = "weights"
) -> dict[str, Tensor]:
    """The weights of a net of several streams: those of one net each, or of the same for all."""
    states = [*states] * (len(streams) if len(states) == 1 else 1)
    if len(states) != len(streams):
        raise InputError(f"{origin}: {len(states)} nets; expected one for each of {list(streams)}")
    named: dict[str, Tensor] = {}
    for stream, state in zip(streams, states, strict=True):
        for name, tensor in state.items():
            layer, _, kind = name.rpartition(".")
            if layer:
                named[f"{layer}_{stream}.{kind}"] = tensor
    scales = [state.get("input_scale", torch.tensor(1.0)) for state in states]
    if any(not torch.equal(scale, scales[0]) for scale in scales):
        raise InputError(f"{origin}: input_scale {scales}; expected the same in all streams")
    means = [state.get("input_mean", torch.tensor(ILSVRC_MEAN_BGR)) for state in states]
    orders = [state.get("input_order", torch.tensor([2, 1, 0])) for state in states]
    named["input_scale"] = scales[0]
    named["input_mean"] = torch.cat(means)
    named["input_order"] = torch.cat([order + 3 * i for i, order in enumerate(orders)])
    return named


def inflate_first_conv(state: Mapping[str, Tensor], net: FCN) -> Mapping[str, Tensor]:
    """The weights of a net of colours for one that sees depth too: as a mean of the colours."""
    first = next(iter(net))
    colours = first.removesuffix("_bgrd")
    if first == colours or f"{colours}.weight" not in state:
        return state
    weight = state[f"{colours}.weight"]
    others = {name: t for name, t in state.items() if not name.startswith(f"{colours}.")}
    changed = {
        f"{first}.weight": torch.cat([weight, weight.mean(1, keepdim=True)], 1),
        f"{first}.bias": state[f"{colours}.bias"],
    }
    for name in ("input_mean", "input_order"):
        if name in state:
            changed[name] = torch.cat([state[name], getattr(net, name)[3:]])
    return {**others, **changed}


def init_layers(net: FCN, generator: torch.Generator) -> None:
    """He's initialisation for every layer but the score layers."""
    for name, layer in net.items():
        if isinstance(layer, nn.Conv2d) and not name.startswith("score"):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def init_score_layers(net: FCN, generator: torch.Generator) -> None:
    """Gaussian weights and zero biases for the score layers."""
    for name, layer in net.items():
        if isinstance(layer, nn.Conv2d) and name.startswith("score"):
            nn.init.normal_(layer.weight, std=SCORE_DEVIATION, generator=generator)
