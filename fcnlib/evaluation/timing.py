"""How long nets take, and the ways to compute scores of section 3 against each other."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from fcnlib.config.schema import STRIDES, Timing
from fcnlib.core.files import write_json
from fcnlib.models.classifier import build_classifier
from fcnlib.models.dense.dense_maps import ShiftAndStitch, dilated
from fcnlib.models.dense.fully_connected import FullyConnected
from fcnlib.models.fcn import build_fcn
from fcnlib.models.graph import LayerGraph

WARM_UP = 3


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
    before: Callable[[], Any] = lambda: None,
) -> list[float]:
    """How long `work` takes on what `before` gives it, run by run, after a warm-up.

    The device has finished before the clock starts and before it stops.
    """
    found = []
    for _ in range(WARM_UP + runs):
        given = before()
        start = clock(device)
        work(given)
        found.append(1000 * (clock(device) - start))
    return found[WARM_UP:]


def forward_milliseconds(
    net: Callable[[Tensor], Any], images: Tensor, *, device: str, runs: int
) -> list[float]:
    """The passes of images through a net that learns nothing from them."""
    with torch.inference_mode():
        return milliseconds(lambda _: net(images), device=device, runs=runs)


def backward_milliseconds(net: nn.Module, images: Tensor, *, device: str, runs: int) -> list[float]:
    """The ways back from scores to the gradient of all weights, without the passes before them."""

    def scores() -> Tensor:
        net.zero_grad()
        total: Tensor = net(images).sum()
        return total

    return milliseconds(torch.Tensor.backward, device=device, runs=runs, before=scores)


def time_way(timing: Timing, *, metrics: Path, device: str, facts: dict[str, Any]) -> None:
    """Write what a way to compute scores takes per image, and how far its equal's scores are."""
    measured = measure(timing, seed=facts["seed"], device=device)
    write_json(metrics, {**facts, **measured, "forward_size": [timing.side, timing.side]})


def measure(timing: Timing, *, seed: int, device: str) -> dict[str, Any]:
    """The costs of a way to compute scores per image, and every run of whole batches."""
    generator = torch.Generator().manual_seed(seed)
    net = _drawn(timing, generator).to(device).eval()
    images = 64 * torch.randn(timing.batch, 3, timing.side, timing.side, generator=generator)
    images = images.to(device)
    way, equal = WAYS[timing.way](net, timing.stride or 1)
    way = way.eval()
    forward = forward_milliseconds(way, images, device=device, runs=timing.runs)
    backward: list[float] = []
    if timing.backward:
        backward = backward_milliseconds(way, images, device=device, runs=timing.runs)
    # Of all the digits that there are: convolutions may be timed with fewer (TF32).
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        scores, other = way(images), equal(images)
    outputs = scores[0, 0].numel()
    costs = {
        "forward_ms": fmean(forward) / timing.batch,
        "backward_ms": fmean(backward) / timing.batch if backward else None,
        "outputs": outputs,
        "output_ms": fmean(forward) / timing.batch / outputs,
        "max_difference": _difference(scores, other.view_as(scores)),
    }
    return {"costs": costs, "runs_ms": {"forward": forward, "backward": backward}}


def _drawn(timing: Timing, generator: torch.Generator) -> LayerGraph:
    """A net of random weights that neither die out nor grow without bound from layer to layer."""
    if timing.stride is None:
        net = build_classifier(timing.backbone, width=timing.width)
    else:
        coarsest = next(iter(STRIDES[timing.backbone]))
        net = build_fcn(timing.backbone, [coarsest], width=timing.width)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
    return net


def _slid(net: LayerGraph) -> Callable[[Tensor], Tensor]:
    """The fully connected layers on every window of the features."""
    single = FullyConnected(net).eval()
    return lambda images: single.slide(single.trunk(images))


def _difference(scores: Tensor, other: Tensor) -> float:
    """The largest one, as a share of the scores' range."""
    return ((scores - other).abs().max() / (scores.max() - scores.min())).item()


# A way to compute scores of a net at a stride, and another that must give the same scores.
Way = Callable[[LayerGraph, int], tuple[nn.Module, Callable[[Tensor], Tensor]]]
WAYS: dict[str, Way] = {
    "fully-connected": lambda net, _: (FullyConnected(net), net),
    "convolutional": lambda net, _: (net, _slid(net)),
    "shift-and-stitch": lambda net, stride: (ShiftAndStitch(net, stride), dilated(net, stride)),
    "dilated": lambda net, stride: (dilated(net, stride), ShiftAndStitch(net, stride)),
}
