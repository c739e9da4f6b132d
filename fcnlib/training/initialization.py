"""Nets with their initial weights: a classifier's, a coarser net's, or random ones."""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnlib.config.schema_data import CHANNELS, Data
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.core.generator import make_generator
from fcnlib.datasets.reader import PreparedDataset, first_and_more
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.graph import ILSVRC_MEAN_BGR
from fcnlib.models.layers import is_score_layer
from fcnlib.models.weights.checkpoint import read_state
from fcnlib.models.weights.matching import load_matching

log = logging.getLogger(__name__)

SCORE_STD = 0.01  # of the last layers of Caffe's AlexNet and VGG nets


def build_initialized(
    config: Net,
    data: Data,
    dataset: PreparedDataset,
    initial_weights: Sequence[Path],
    *,
    seed: int,
    score_init: str = "zero",
) -> FCN:
    """The net with its initial weights: a classifier's, a coarser net's or random ones.

    Args:
        config: The net. `start_from` is "random", empty (a classifier), or names other nets.
        data: Its inputs and tasks, and which mean it subtracts.
        dataset: The data, for its classes and means: a classifier has a mean of its colours, but
            none of depth and HHA.
        initial_weights: Checkpoints: one, or one for each stream; none of random weights.
        seed: Of random weights.
        score_init: "zero" or "random": of score layers that the checkpoints lack.

    Raises:
        InputError: A checkpoint does not fit, or the data lack an input or a task.
    """
    net = build_fcn(
        **config.model_dump(exclude={"start_from"}), classes=_class_counts(dataset, data.tasks)
    )
    if score_init == "random":
        init_score_layers(net, make_generator(seed, "score layers"))
    others = [name for name in data.inputs if name != "rgb"]
    set_input(net, data, dataset, others)
    if config.start_from == "random":
        init_layers(net, torch.Generator().manual_seed(seed))
        set_input(net, data, dataset, data.inputs)
        net.input_scale.fill_(1 / 64)  # about unit variance, which He's initialisation expects
        return net
    load_initial_weights(net, initial_weights, streams=config.streams)
    if not config.start_from:
        set_input(net, data, dataset, others)
    if data.mean == "dataset":
        set_input(net, data, dataset, ["rgb"])
    return net


def _class_counts(dataset: PreparedDataset, tasks: Sequence[str]) -> dict[str, int]:
    """The number of classes of each task."""
    if lacking := [task for task in tasks if task not in dataset.info.tasks]:
        known = ", ".join(dataset.info.tasks)
        raise InputError(f"{dataset.root}: no task {lacking[0]!r}; known: {known}")
    return {task: len(dataset.info.tasks[task]) for task in tasks}


def set_input(net: FCN, data: Data, dataset: PreparedDataset, names: Collection[str]) -> None:
    """Set the mean of some inputs to the data set's, and the channel order of HHA and depth."""
    first = 0
    for name in data.inputs:
        channels = torch.arange(first, first + CHANNELS[name])
        if name in names:
            if name != "rgb":
                net.input_order[channels] = channels
            mean = torch.tensor(dataset.mean(name, data.train))
            net.input_mean[channels] = mean[net.input_order[channels] - first]
        first += CHANNELS[name]


def load_initial_weights(net: FCN, paths: Sequence[Path], *, streams: Sequence[str] = ()) -> None:
    """Copy the weights of checkpoints into a net; heads and score layers they lack stay."""
    origin = ", ".join(map(str, paths))
    states = [read_state(path) for path in paths]
    state = states[0]
    has_streams = any(name in state for name, _ in net.named_parameters() if "upscore" not in name)
    if streams and not has_streams:
        state = stream_weights(states, streams, origin=origin)
    matching = load_matching(inflate_first_conv(state, net), net, origin=origin)
    new = ("score", "upscore", "input_")
    if missing := [name for name in matching.missing if not name.startswith(new)]:
        raise InputError(f"{origin}: lacks {first_and_more(missing)}; expected the whole trunk")
    log.info(
        "%s: %d tensors, new: %s",
        origin,
        len(matching.copied),
        ", ".join(matching.missing) or "-",
    )


def stream_weights(
    states: Sequence[Mapping[str, Tensor]], streams: Sequence[str], *, origin: str = "weights"
) -> dict[str, Tensor]:
    """The weights of a net of several streams: of a net for each, or of the same net for all."""
    if len(states) == 1:
        states = [states[0]] * len(streams)
    if len(states) != len(streams):
        raise InputError(f"{origin}: {len(states)} nets; expected one for each of {list(streams)}")
    merged: dict[str, Tensor] = {}
    for stream, state in zip(streams, states, strict=True):
        for name, tensor in state.items():
            layer, _, kind = name.rpartition(".")
            if layer:
                merged[f"{layer}_{stream}.{kind}"] = tensor
    scales = [state.get("input_scale", torch.tensor(1.0)) for state in states]
    if any(not torch.equal(scale, scales[0]) for scale in scales):
        raise InputError(f"{origin}: input_scale {scales}; expected the same in all streams")
    means = [state.get("input_mean", torch.tensor(ILSVRC_MEAN_BGR)) for state in states]
    orders = [state.get("input_order", torch.tensor([2, 1, 0])) for state in states]
    merged["input_scale"] = scales[0]
    merged["input_mean"] = torch.cat(means)
    merged["input_order"] = torch.cat([order + 3 * i for i, order in enumerate(orders)])
    return merged


def inflate_first_conv(state: Mapping[str, Tensor], net: FCN) -> Mapping[str, Tensor]:
    """A colour net's weights for a net of colours and depth: the depth's are the colours' mean."""
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
        if isinstance(layer, nn.Conv2d) and not is_score_layer(name):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def init_score_layers(net: FCN, generator: torch.Generator) -> None:
    """Gaussian weights and zero biases for the score layers."""
    for name, layer in net.items():
        if isinstance(layer, nn.Conv2d) and is_score_layer(name):
            nn.init.normal_(layer.weight, std=SCORE_STD, generator=generator)
