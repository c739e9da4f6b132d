"""What is minimised, and in which steps (section 4)."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.config.schema import Training
from fcnlib.core.generator import make_generator
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.datasets.images import VOID
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.fcn import FCN
from fcnlib.training.cells import coarsest_cells, sampled_cells


def pixel_loss(scores: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Softmax cross entropy of one image, summed over the pixels that are not void.

    `weights` [classes] multiply each pixel's by its true class.
    """
    return functional.cross_entropy(scores, labels, weights, ignore_index=VOID, reduction="sum")


def sigmoid_loss(
    scores: Tensor, labels: Tensor, weights: Tensor | None = None, *, null_background: bool = False
) -> Tensor:
    """Cross entropy of a sigmoid for each class, summed over classes and pixels but void ones.

    A null background has none: its score is a constant 0, and its pixels are of no class.
    """
    counted = labels != VOID
    truth = labels.where(counted, 0)
    # -log s(x) = softplus(x) - x where the class is true, -log(1 - s(x)) = softplus(x) elsewhere.
    others = functional.softplus(scores[:, 1:] if null_background else scores).sum(1)
    losses = others - scores.gather(1, truth[:, None])[:, 0]  # [N, H, W]
    if weights is not None:
        losses = losses * weights[truth]
    return losses.where(counted, 0).sum()


def label_counts(data: PreparedDataset, split: str, task: str, *, workers: int = 0) -> Tensor:
    """How many pixels of each class every image of a split has, int64 [images, classes]."""
    classes = len(data.info.tasks[task])

    def counted(name: str) -> Tensor:
        label = torch.from_numpy(data.label(name, task)).flatten()
        return torch.bincount(label[label != VOID], minlength=classes)

    names = data.ids(split)
    found = in_threads(counted, names, workers)
    return torch.stack(list(progress(found, desc=f"{task} labels", total=len(names), unit="img")))


def class_weights(rule: str, counts: Tensor) -> Tensor:
    """The weight of each class's pixels by their counts in every image [images, classes].

    median-frequency (Eigen and Fergus): w_c = median of all f / f_c, where f_c is the share of c in
    the labelled pixels of the images that show c. inverse-frequency: w_c = n / (k n_c), n_c of the
    n labelled pixels being of c and k classes occurring: each class weighs as much, a pixel 1 in
    the mean. Classes that never occur weigh 1.
    """
    counts = counts.double()
    pixels, occurs = counts.sum(0), counts.sum(0) > 0
    if rule == "median-frequency":
        share = pixels / (counts.sum(1, keepdim=True) * (counts > 0)).sum(0)
        weights = share[occurs].quantile(0.5) / share
    else:
        weights = pixels.sum() / (occurs.sum() * pixels)
    return weights.where(occurs, 1.0).float()


class Loss:
    """What is minimised: an image's loss, summed over its tasks and the pixels that count."""

    def __init__(
        self, training: Training, net: FCN, data: PreparedDataset, *, seed: int, device: str
    ) -> None:
        self.recipe, self.device = training.recipe, device
        self.loss: Callable[[Tensor, Tensor, Tensor | None], Tensor] = pixel_loss
        if self.recipe.loss == "sigmoid":
            self.loss = partial(sigmoid_loss, null_background=training.net.null_background)
        self.weights: dict[str, Tensor] = {}
        if self.recipe.class_weights != "none":
            for task in training.data.tasks:
                counts = label_counts(data, training.data.train, task, workers=self.recipe.workers)
                self.weights[task] = class_weights(self.recipe.class_weights, counts).to(device)
        self.cells = coarsest_cells(dict(net.items()))
        self.generator = make_generator(seed, "cells")

    def __call__(
        self, parts: Mapping[str, Tensor], labels: Mapping[str, Tensor]
    ) -> tuple[list[Tensor], float, int]:
        """Each task's loss as it is minimised; their sum over the pixels; how many those are."""
        losses, pixels, total = [], 0, 0.0
        for task, truth in self._counted(labels).items():
            loss = self.loss(parts[task], truth[None].to(self.device), self.weights.get(task))
            labelled = max(1, int((truth != VOID).sum()))
            terms = labelled * self.recipe.batch_size if self.recipe.reduction == "mean" else 1
            losses.append(loss / terms)
            pixels, total = pixels + labelled, total + loss.item()
        return losses, total, pixels

    def _counted(self, labels: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The labels with all pixels void that the loss is to ignore."""
        share = self.recipe.patch_keep_prob
        if share == 1:
            return labels
        height, width = next(iter(labels.values())).shape
        kept = sampled_cells(height, width, self.cells, share=share, generator=self.generator)
        return {task: truth.where(kept, VOID) for task, truth in labels.items()}
