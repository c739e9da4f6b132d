"""Confusion counts of every image of a split."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import torch
from torch import Tensor

from fcnlib.config.columns import ColumnName
from fcnlib.core.parallel import read_ahead
from fcnlib.core.progress import progress
from fcnlib.core.transfer import pinned, to_device
from fcnlib.datasets.images import VOID
from fcnlib.datasets.masking import NO_MASK, InputMask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample, as_tensor
from fcnlib.evaluation.metrics import confusion
from fcnlib.evaluation.upper_bound import best_labels_at_stride

# Raw images [1, C, H, W] -> each task's labels [1, H, W].
Segmenter = Callable[[Tensor], Mapping[str, Tensor]]
Observer = Callable[[str, str, Tensor, Tensor], None]
SEMANTIC = "semantic"
# The first task once more: only what is truly an object, and background not to be chosen.
FOREGROUND = "foreground"


def confusion_per_image(  # noqa: PLR0913
    segment: Segmenter,
    dataset: PreparedDataset,
    split: str,
    *,
    inputs: Sequence[str] = ("rgb",),
    tasks: Sequence[str] = (SEMANTIC,),
    device: str,
    mask: InputMask = NO_MASK,
    observe: Observer | None = None,
    workers: int = 0,
) -> dict[str, Tensor]:
    """Counts per image and per task of a segmenter, int64 [images, classes, classes].

    Rows are the truth. Labels of the segmenter beyond those of `tasks` are its foreground's.

    Args:
        segment: Maps raw images [1, C, H, W] to labels [1, H, W] by task.
        dataset: The data set.
        split: Whose images are counted, in the split's order.
        inputs: What the image's channels are of.
        tasks: Whose truth the labels are compared with.
        device: Where the segmenter computes.
        mask: What is masked of the segmenter's input.
        observe: Also called with each image's ID, task, labels [H, W] and truth [H, W].
        workers: Threads that read images ahead.
    """
    ids, classes = dataset.ids(split), {task: len(dataset.info.tasks[task]) for task in tasks}
    counts: dict[str, list[Tensor]] = {}

    def read(name: str) -> Sample:
        stack, labels = dataset.sample(name, inputs, tasks)
        image = as_tensor(mask.apply(stack, labels[tasks[0]]))
        truths = {task: torch.from_numpy(label) for task, label in labels.items()}
        return pinned(image, device), truths

    with closing(read_ahead(read, ids, workers)) as samples:
        for name in progress(ids, desc=split, unit="img"):
            image, truths = next(samples)
            with torch.inference_mode():
                predicted = segment(to_device(image[None], device))
            for task, found in predicted.items():
                first = tasks[0] if task == FOREGROUND else task
                truth, outputs = truths[first], classes[first]
                if task == FOREGROUND:
                    truth, outputs = without_background(truth), outputs - 1
                labelled = found[0].cpu()
                counts.setdefault(task, []).append(confusion(labelled, truth, outputs))
                if observe:
                    observe(name, task, labelled, truth)
    return {task: torch.stack(each) for task, each in counts.items()}


def without_background(labels: Tensor) -> Tensor:
    """Labels of the classes after the first, which become 0, 1, ...; the first becomes void."""
    objects = (labels != 0) & (labels != VOID)
    return torch.where(objects, labels - 1, VOID)


def upper_bound_confusion(
    dataset: PreparedDataset, split: str, *, factor: int, task: str = SEMANTIC
) -> tuple[Tensor, dict[ColumnName, Tensor]]:
    """Counts of the best labels at a stride: per image by the first rule, in all by each.

    int64 [images, classes, classes], and [classes, classes] by rule.
    """
    classes, per_image = len(dataset.info.tasks[task]), []
    totals: dict[ColumnName, Tensor] = {}
    for name in progress(dataset.ids(split), desc=split, unit="img"):
        truth = torch.from_numpy(dataset.label(name, task))
        found = {
            rule: confusion(labels, truth, classes)
            for rule, labels in best_labels_at_stride(truth, factor, classes).items()
        }
        per_image.append(found["mean_iu"])
        totals = {rule: counts + totals.get(rule, 0) for rule, counts in found.items()}
    return torch.stack(per_image), totals
