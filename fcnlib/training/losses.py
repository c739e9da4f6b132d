"""The loss that training minimises (section 4)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod

import torch
from torch import Tensor
from torch.nn import functional

from fcnlib.config.schema_nets import Training
from fcnlib.core.errors import InputError
from fcnlib.core.generator import make_generator
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.transfer import to_device
from fcnlib.datasets.images import VOID
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.models.fcn import FCN
from fcnlib.training.cells import sample_cells, score_grid
from fcnlib.training.training_ids import training_ids


def cross_entropy_loss(scores: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Softmax cross entropy of scores [N, classes, H, W], summed over the pixels but void ones.

    `labels` are int64 [N, H, W]; `weights` [classes] multiply each pixel's loss by its true class.
    """
    return functional.cross_entropy(scores, labels, weights, ignore_index=VOID, reduction="sum")


def sigmoid_loss(
    scores: Tensor, labels: Tensor, weights: Tensor | None = None, *, null_background: bool = False
) -> Tensor:
    """Cross entropy of a sigmoid for each class, summed over classes and pixels but void ones.

    Arguments are those of `cross_entropy_loss`. A null background has no sigmoid: its score is a
    constant 0, and its pixels are of no class.
    """
    void = labels == VOID
    # Filled, as `where` copies a number to the GPU and waits for that.
    truth = labels.masked_fill(void, 0)
    # -log s(x) = softplus(x) - x where the class is true, -log(1 - s(x)) = softplus(x) elsewhere.
    others = functional.softplus(scores[:, 1:] if null_background else scores).sum(1)
    losses = others - scores.gather(1, truth[:, None])[:, 0]  # [N, H, W]
    if weights is not None:
        losses = losses * weights[truth]
    return losses.masked_fill(void, 0).sum()


def label_counts(
    data: PreparedDataset,
    split: str,
    task: str,
    *,
    names: Sequence[str] = (),
    workers: int = 0,
) -> Tensor:
    """The pixels of each class in every image of a split, or in some, int64 [images, classes]."""
    classes = len(data.info.tasks[task])

    def count(name: str) -> Tensor:
        label = torch.from_numpy(data.label(name, task)).flatten()
        return torch.bincount(label[label != VOID], minlength=classes)

    names = names or data.ids(split)
    counts = in_threads(count, names, workers)
    return torch.stack(list(progress(counts, desc=f"{task} labels", total=len(names), unit="img")))


def require_labels(
    data: PreparedDataset, split: str, tasks: Sequence[str], names: Sequence[str] = ()
) -> None:
    """Raise if a task has no labelled pixel in a split, or in some of its images.

    Nothing could be learned or scored by it.
    """
    names = names or data.ids(split)
    for task in tasks:
        if all(bool((data.label(name, task) == VOID).all()) for name in names):
            raise InputError(
                f"{data.root}: split {split}: no labelled pixel in {len(names)} images; expected "
                f"some that are not void ({VOID}) in {task}"
            )


def class_weights(rule: str, counts: Tensor) -> Tensor:
    """The weight of each class's pixels, float [classes], by `label_counts` [images, classes].

    median-frequency (Eigen and Fergus): w_c = median of all f / f_c, where f_c is the share of c in
    the labelled pixels of the images that contain c. inverse-frequency: w_c = n / (k n_c), where
    n_c of the n labelled pixels are of c and k classes occur: all classes weigh the same in sum,
    and a pixel 1 in the mean. Classes that never occur weigh 1.
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
    """The loss of images as a recipe defines it, and its sum over tasks and pixels.

    Args:
        config: The recipe, the tasks, and whether the background is null.
        net: The net, for the grid of its coarsest scores.
        dataset: The data, whose training labels give the class weights.
        seed: Of the sampled cells.
        device: Where the scores are.
    """

    def __init__(
        self, config: Training, net: FCN, dataset: PreparedDataset, *, seed: int, device: str
    ) -> None:
        self.recipe, self.device = config.recipe, device
        self.pixel_loss: Callable[[Tensor, Tensor, Tensor | None], Tensor] = cross_entropy_loss
        if self.recipe.loss == "sigmoid":
            self.pixel_loss = partial(sigmoid_loss, null_background=config.net.null_background)
        self.class_weights: dict[str, Tensor] = {}  # by task
        if self.recipe.class_weights != "none":
            for task in config.data.tasks:
                counts = label_counts(
                    dataset,
                    config.data.train,
                    task,
                    names=training_ids(dataset, config.data, seed),
                    workers=self.recipe.workers,
                )
                weights = class_weights(self.recipe.class_weights, counts)
                self.class_weights[task] = weights.to(device) ** self.recipe.class_weights_power
        self.cells = score_grid(dict(net.items()))
        self.generator = make_generator(seed, "cells")

    def __call__(
        self, scores: Mapping[str, Tensor], labels: Mapping[str, Tensor]
    ) -> tuple[list[Tensor], Tensor, int]:
        """Each task's loss to minimise; the sum over all pixels; the number of these pixels.

        `scores` are [N, classes, H, W] by task, `labels` int64 [N, H, W] or, of one image, [H, W].
        The sum, float64, stays on the device: a number would be waited for.
        """
        losses, pixels = [], 0
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        for task, truth in self._sample_labels(labels).items():
            truth = truth.reshape(-1, *truth.shape[-2:])
            weights = self.class_weights.get(task)
            loss = self.pixel_loss(scores[task], to_device(truth, self.device), weights)
            labelled = max(1, int((truth != VOID).sum()))
            parts = self.recipe.batch_size // len(truth)
            terms = labelled * parts if self.recipe.reduction == "mean" else 1
            losses.append(loss / terms)
            pixels, total = pixels + labelled, total + loss.detach()
        return losses, total, pixels

    def _sample_labels(self, labels: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The labels, void in the cells that are not sampled."""
        keep_prob = self.recipe.patch_keep_prob
        if keep_prob == 1:
            return labels
        *images, height, width = next(iter(labels.values())).shape
        kept = [
            sample_cells(height, width, self.cells, keep_prob=keep_prob, generator=self.generator)
            for _ in range(prod(images))
        ]
        whole = torch.stack(kept).reshape(*images, height, width)
        return {task: truth.where(whole, VOID) for task, truth in labels.items()}
