"""How long nets take, and the ways to compute scores of section 3 against each other."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from fcnlib.config.columns import Cost
from fcnlib.config.measuring import WARM_UP
from fcnlib.config.schema_experiments import Timing
from fcnlib.config.schema_nets import STRIDES
from fcnlib.core.other_work import OtherWork
from fcnlib.core.precision import set_precision
from fcnlib.evaluation.record import Record, RunMetadata, TimeUnit, by_unit, write_record
from fcnlib.models.classifier import build_classifier
from fcnlib.models.dense.dense_maps import ShiftAndStitch, dilated
from fcnlib.models.dense.fully_connected import FullyConnected
from fcnlib.models.fcn import build_fcn
from fcnlib.models.graph import LayerGraph


def clock(device: str) -> float:
    """The time in seconds, once the device has finished what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()


def milliseconds(
    work: Callable[[Any], object],
    *,
    device: str,
    runs: int,
    setup: Callable[[], Any] = lambda: None,
) -> list[float]:
    """How long `work` takes on what `setup` returns, run by run, after a warm-up.

    The device has finished before the clock starts and before it stops.
    """
    times = []
    for _ in range(WARM_UP + runs):
        argument = setup()
        start = clock(device)
        work(argument)
        times.append(1000 * (clock(device) - start))
    return times[WARM_UP:]


def forward_milliseconds(
    net: Callable[[Tensor], Any], images: Tensor, *, device: str, runs: int
) -> list[float]:
    """Forward passes of images [N, C, H, W], without gradients."""
    with torch.inference_mode():
        return milliseconds(lambda _: net(images), device=device, runs=runs)


def backward_milliseconds(net: nn.Module, images: Tensor, *, device: str, runs: int) -> list[float]:
    """Backward passes from scores to the gradient of all weights, without the forward passes."""

    def scores() -> Tensor:
        net.zero_grad()
        total: Tensor = net(images).sum()
        return total

    return milliseconds(torch.Tensor.backward, device=device, runs=runs, setup=scores)


class Measured(NamedTuple):
    """The costs of a way per image, every timed run of whole batches, and what else ran."""

    costs: dict[Cost, int | float | None]
    runs_ms: dict[str, list[float]]
    beside: dict[TimeUnit, float]


def time_ways(
    timings: Mapping[str, Mapping[str, Any]],
    *,
    metrics: Sequence[str | Path],
    seed: int,
    device: str,
    threads: int,
) -> None:
    """Write the record of each way to compute scores, one after another.

    Args:
        timings: What is timed, by experiment.
        metrics: The record to write of each (.json).
        seed: Of weights and images.
        device: Where to compute.
        threads: Number of threads that torch uses.
    """
    for (name, values), path in zip(timings.items(), metrics, strict=True):
        run = RunMetadata.of(
            experiment=name, seed=seed, device=device, threads=threads, values={"timing": values}
        )
        timing = Timing.model_validate(values)
        time_way(timing, metrics=Path(path), device=device, run=run)


def time_way(timing: Timing, *, metrics: Path, device: str, run: RunMetadata) -> None:
    """Write the record of a way to compute scores: its times, and how exact it is."""
    measured = measure(timing, seed=run.seed, device=device)
    size = (timing.side, timing.side)
    record = Record(**dict(run), **measured._asdict(), forward_size=size)
    write_record(metrics, record)


def measure(timing: Timing, *, seed: int, device: str) -> Measured:
    """Time a way to compute scores, and compare its scores with those of an equal way."""
    set_precision("fp32", device)
    generator = torch.Generator().manual_seed(seed)
    net = _random_net(timing, generator).to(device).eval()
    images = 64 * torch.randn(timing.batch, 3, timing.side, timing.side, generator=generator)
    images = images.to(device)
    way, equal = WAYS[timing.way](net, timing.stride or 1)
    way = way.eval()
    others = OtherWork()
    forward = forward_milliseconds(way, images, device=device, runs=timing.runs)
    backward: list[float] = []
    if timing.backward:
        backward = backward_milliseconds(way, images, device=device, runs=timing.runs)
    beside = by_unit(ms=others.share())
    with torch.inference_mode():
        scores, other = way(images), equal(images)
    outputs = scores[0, 0].numel()
    costs: dict[Cost, int | float | None] = {
        "forward_ms": fmean(forward) / timing.batch,
        "backward_ms": fmean(backward) / timing.batch if backward else None,
        "outputs": outputs,
        "output_ms": fmean(forward) / timing.batch / outputs,
        "max_difference": _max_difference(scores, other.view_as(scores)),
    }
    return Measured(costs, {"forward": forward, "backward": backward}, beside)


def _random_net(timing: Timing, generator: torch.Generator) -> LayerGraph:
    """A net of random weights whose outputs neither vanish nor grow from layer to layer."""
    if timing.stride is None:
        net = build_classifier(timing.backbone, width=timing.width)
    else:
        coarsest = next(iter(STRIDES[timing.backbone]))
        net = build_fcn(timing.backbone, [coarsest], width=timing.width)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
    return net


def _slide(net: LayerGraph) -> Callable[[Tensor], Tensor]:
    """The fully connected layers on every window of the features."""
    single = FullyConnected(net).eval()
    return lambda images: single.slide(single.trunk(images))


def _max_difference(scores: Tensor, other: Tensor) -> float:
    """The largest difference, as a share of the scores' range."""
    return ((scores - other).abs().max() / (scores.max() - scores.min())).item()


# A way to compute scores of a net at a stride, and another that must give the same scores.
Way = Callable[[LayerGraph, int], tuple[nn.Module, Callable[[Tensor], Tensor]]]
WAYS: dict[str, Way] = {
    "fully-connected": lambda net, _: (FullyConnected(net), net),
    "convolutional": lambda net, _: (net, _slide(net)),
    "shift-and-stitch": lambda net, stride: (ShiftAndStitch(net, stride), dilated(net, stride)),
    "dilated": lambda net, stride: (dilated(net, stride), ShiftAndStitch(net, stride)),
}
