"""Pre-training of a narrow classifier on synthetic objects, in place of ImageNet's weights."""

import logging
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

log = logging.getLogger(__name__)


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
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.iterations, pct_start=0.2
    )
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
        optimizer.step()
        schedule.step()
        speed = (bar.format_dict["rate"] or 0) * recipe.batch_size
        bar.set_postfix_str(f"loss {loss.item():.3f}, {speed:.0f} img/s", refresh=False)


def _tensors(images: NDArray[Any], labels: NDArray[Any]) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)
