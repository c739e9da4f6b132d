"""Pre-training of a narrow classifier on synthetic objects, in place of ImageNet's weights."""

import logging
from math import cos, pi
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fcn_synthetic import CLASSES, objects
from fcnlib.config.schema_pretraining import Pretraining
from fcnlib.core.precision import set_precision
from fcnlib.core.progress import progress
from fcnlib.models.batch_norm import add_batch_norm, fold_batch_norm
from fcnlib.models.classifier import build_classifier
from fcnlib.models.graph import LayerGraph
from fcnlib.models.weights.checkpoint import Checkpoint, write_checkpoint
from fcnlib.training.optimizer import AdamW

log = logging.getLogger(__name__)

RISE = 0.2  # of all iterations, until the learning rate is at its peak
HIGH_MOMENTUM, LOW_MOMENTUM = 0.95, 0.85  # where the rate is low, and at its peak


def pretrain(
    backbone: str,
    recipe: Pretraining,
    *,
    width: float,
    fc6_kernel: int | None,
    path: Path,
    device: str,
    provenance: dict[str, Any],
) -> None:
    """Train a classifier on windows of synthetic objects and write its weights, BatchNorm folded.

    Args:
        backbone: Name of the backbone.
        recipe: How to optimise, and on how many windows of what size.
        width: Number of channels, as a share of the published net's.
        fc6_kernel: Size of fc6's kernel in pixels; None for a backbone without it.
        path: The checkpoint to write.
        device: As torch names it, for example `cuda:0`.
        provenance: What to record of the run.
    """
    set_precision("fp32", device)
    windows = objects(recipe.windows + recipe.held_out, recipe.window, seed=recipe.seed)
    images, labels = _tensors(*windows)
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(recipe.seed)
        net = build_classifier(
            backbone,
            len(CLASSES) - 1,
            width=width,
            fc6_kernel=fc6_kernel,
            dropout=0.0,
            window=recipe.window,
        )
        net.input_scale.fill_(1 / 64)
        net.input_mean.copy_(images[: recipe.windows].float().mean(dim=(0, 2, 3)).flip(0))
        add_batch_norm(net)
        _fit(net.to(device), images[: recipe.windows], labels[: recipe.windows], recipe)
    net.cpu().eval()
    fold_batch_norm(net)
    accuracy = held_out_accuracy(net, images[recipe.windows :], labels[recipe.windows :])
    log.info("held-out accuracy %.3f on %d windows", accuracy, recipe.held_out)
    scores = {"accuracy": accuracy}
    write_checkpoint(path, Checkpoint(net.state_dict(), scores=scores, provenance=provenance))


def classify(net: LayerGraph, rgb: Tensor) -> Tensor:
    """Class scores [N, classes] of raw windows."""
    scores: Tensor = net(net.normalise(rgb))
    return scores.mean(dim=(2, 3))


def held_out_accuracy(net: LayerGraph, images: Tensor, labels: Tensor) -> float:
    """The share of windows whose class has the highest score."""
    with torch.inference_mode():
        predicted = [classify(net, batch).argmax(1) for batch in torch.split(images, 100)]
    return (torch.cat(predicted) == labels).float().mean().item()


def _fit(net: LayerGraph, images: Tensor, labels: Tensor, recipe: Pretraining) -> None:
    device = net.input_mean.device
    group = {"params": list(net.parameters()), "weight_decay": recipe.weight_decay}
    optimizer = AdamW([group], HIGH_MOMENTUM)
    bar = progress(range(recipe.iterations), desc="pre-training", unit="it")
    for iteration in bar:
        chosen = torch.randint(len(images), (recipe.batch_size,))
        batch, truth = images[chosen].to(device), labels[chosen].to(device)
        if iteration % 2:
            batch = batch.flip(3)
        loss = functional.cross_entropy(
            classify(net, batch), truth, label_smoothing=recipe.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        group["lr"], optimizer.momentum = one_cycle(
            iteration, recipe.iterations, peak=recipe.learning_rate
        )
        optimizer.step()
        speed = (bar.format_dict["rate"] or 0) * recipe.batch_size
        bar.set_postfix_str(f"loss {loss.item():.3f}, {speed:.0f} img/s", refresh=False)


def one_cycle(iteration: int, iterations: int, *, peak: float) -> tuple[float, float]:
    """Learning rate and momentum at an iteration: those of PyTorch's OneCycleLR, to the bit.

    Its schedulers take torch.optim's classes alone, which import torch's compiler.
    """
    first, top = peak / 25, RISE * iterations - 1
    if iteration <= top and top:
        done = iteration / top
        return _cosine(first, peak, done), _cosine(HIGH_MOMENTUM, LOW_MOMENTUM, done)
    done = (iteration - top) / (iterations - 1 - top)
    return _cosine(peak, first / 1e4, done), _cosine(LOW_MOMENTUM, HIGH_MOMENTUM, done)


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (cos(pi * done) + 1)


def _tensors(images: NDArray[Any], labels: NDArray[Any]) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
