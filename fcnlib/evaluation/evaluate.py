"""A model, or the upper bound of a stride, against the truth: its record and counts as files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fcnlib.archives.unavailable import read_mark
from fcnlib.config.columns import Cost
from fcnlib.config.measuring import FORWARD_RUNS, NORM_IMAGES
from fcnlib.config.schema_data import Mask
from fcnlib.config.schema_experiments import Downsampling
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write
from fcnlib.core.other_work import OtherWork
from fcnlib.core.precision import set_precision
from fcnlib.datasets.masking import has_background, input_mask, require_background
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_tensor
from fcnlib.evaluation.confusion import (
    FOREGROUND,
    SEMANTIC,
    Segmenter,
    confusion_per_image,
    upper_bound_confusion,
)
from fcnlib.evaluation.feature_norms import feature_norm_ratio
from fcnlib.evaluation.metrics import background_share, class_iu, mean_iu_of_truth, scores
from fcnlib.evaluation.record import (
    Machine,
    Record,
    RunMetadata,
    Scores,
    WeightsFile,
    by_unit,
    write_record,
)
from fcnlib.evaluation.timing import forward_milliseconds
from fcnlib.inference.inputs import count_channels
from fcnlib.inference.model import Model, read_net
from fcnlib.inference.model_info import ModelInfo
from fcnlib.models.fcn import FCN, build_fcn, labels_of
from fcnlib.models.summary import architecture


def evaluate(  # noqa: PLR0913
    model: Path,
    *,
    dataset: Path,
    split: str,
    metrics: Path,
    counts: Path,
    device: str,
    run: RunMetadata,
    side: int | None = None,
    runs: int = FORWARD_RUNS,
    foreground: bool = False,
    mask: Mask = "none",
    trust: bool = False,
) -> None:
    """Score a trained net on a split; writes its record and its counts.

    In the place of a net that could not be had there is a mark: its record has no scores.

    Args:
        model: A checkpoint (.pt), an exported model (.ts) or a .caffemodel.
        dataset: Folder of a prepared data set.
        split: Whose images are scored.
        metrics: The record to write (.json).
        counts: The confusion counts per image and task to write (.npz).
        device: Where to compute.
        run: Which run this is, and where it comes from.
        side: Forward time is that of an image of `side` x `side` pixels, or of the split's first.
        runs: Passes whose mean that is.
        foreground: Also count the first task's objects, with background out of truth and choice.
        mask: What is masked of the model's input.
        trust: Whether a TorchScript file of another origin may be loaded, which runs its code.
    """
    if mark := read_mark(model):
        _write_counts(counts, [], {})
        write_record(metrics, Record(**dict(run), unavailable=mark))
        return
    set_precision("fp32", device)
    data = PreparedDataset(dataset)
    module, info = read_net(model, trust=trust)
    check_model(model, info, data)
    norms, tasks = _feature_norms(module, info, data, split, device), list(info.classes)
    net = Model.of(module, info, path=model, device=device, precision="fp32")
    if foreground:
        require_background(data, tasks[0], "foreground")
    per_image = confusion_per_image(
        _with_foreground(net) if foreground else net.labels,
        data,
        split,
        inputs=info.inputs,
        tasks=tasks,
        device=device,
        mask=input_mask(mask, net, data, tasks[0]),
    )
    size = (side, side) if side else data.size(data.ids(split)[0])
    kind = torch.int32 if "depth" in info.inputs else torch.uint8
    image = torch.zeros(1, count_channels(info.inputs), *size, dtype=kind, device=device)
    others = OtherWork()
    forward = forward_milliseconds(net.labels, image, device=device, runs=runs)
    beside = by_unit(ms=others.share(), s=_trained_beside(info))
    _write_counts(counts, data.ids(split), per_image)
    record = Record(
        **dict(run),
        dataset=data.info.name,
        split=split,
        images=len(data.ids(split)),
        tasks={task: task_scores(task, each.sum(0), data) for task, each in per_image.items()},
        costs={
            "forward_ms": fmean(forward),
            "training_s": info.seconds,
            "training_loss": info.loss,
            **_full_width_costs(info),
            **_background(per_image[tasks[0]].sum(0), data, tasks[0]),
            **norms,
        },
        settings=dict(info.settings),
        trained_on=_training_machine(info),
        weights=_weights_file(info),
        forward_size=size,
        runs_ms={"forward": forward},
        beside=beside,
        parameters=info.parameters,
        best_iteration=info.best_iteration,
        diverged_at=info.diverged_at,
    )
    write_record(metrics, record)


def check_model(model: Path, info: ModelInfo, data: PreparedDataset) -> None:
    """Raise unless the data set has the model's inputs and classes."""
    if not info.inputs or not info.classes:
        raise InputError(
            f"{model}: its metadata lack inputs or classes; expected a model exported anew"
        )
    if lacking := [name for name in info.inputs if name not in data.inputs]:
        has = ", ".join(data.inputs)
        raise InputError(f"{model}: sees {lacking[0]}; {data.root} has {has}")
    for task, names in info.classes.items():
        if task not in data.info.tasks:
            has = ", ".join(data.info.tasks)
            raise InputError(f"{model}: knows {task}; {data.root} has {has}")
        if list(names) != list(data.info.tasks[task]):
            raise InputError(
                f"{model}: knows {len(names)} classes ({names[0]}, ...); "
                f"expected the {len(data.info.tasks[task])} of {data.root}"
            )


def _training_machine(info: ModelInfo) -> Machine | None:
    """What a net of ours was trained on."""
    if info.seconds is None or "device" not in info.provenance:
        return None
    return Machine.model_validate(info.provenance)


def _trained_beside(info: ModelInfo) -> float | None:
    """What other work used of the processors while a net of ours was trained."""
    share = info.provenance.get("trained_beside")
    return share if isinstance(share, float) and 0 <= share <= 1 else None


def _weights_file(info: ModelInfo) -> WeightsFile | None:
    """What a converted net was converted from."""
    origin = info.provenance
    if not {"converted_from", "sha256"} <= origin.keys():
        return None
    return WeightsFile(file=str(origin["converted_from"]), sha256=str(origin["sha256"]))


def _with_foreground(model: Model) -> Segmenter:
    """The model's labels by task, and those of the first task's classes but the first."""
    tasks = {task: len(names) for task, names in model.info.classes.items()}

    def segment(image: Tensor) -> dict[str, Tensor]:
        scores = model.scores(model.normalise(image))
        parts = dict(zip(tasks, torch.split(scores, [*tasks.values()], 1), strict=True))
        objects = next(iter(parts.values()))[:, 1:]
        return {task: labels_of(part) for task, part in {**parts, FOREGROUND: objects}.items()}

    return segment


def _full_width_costs(info: ModelInfo) -> dict[str, int]:
    """Table 1's numbers of a model; none where its metadata lack the net."""
    classes = {task: len(names) for task, names in info.classes.items()}
    return full_width(info.net, classes) if info.net else {}


def _background(total: Tensor, data: PreparedDataset, task: str) -> dict[Cost, float]:
    """How much of the true labels is background, in percent; nothing where none is."""
    return {"background_share": 100 * background_share(total)} if has_background(data, task) else {}


def _feature_norms(
    net: nn.Module, info: ModelInfo, data: PreparedDataset, split: str, device: str
) -> dict[Cost, float]:
    """How unequal the features are that a net with skips predicts from; of nets of ours alone."""
    if not isinstance(net, FCN) or info.net is None or len(info.net.predict_from) == 1:
        return {}
    ids = data.ids(split)[:NORM_IMAGES]
    images = (as_tensor(data.stack(name, info.inputs))[None] for name in ids)
    ratio = feature_norm_ratio(net, images, device=device)
    return {} if ratio is None else {"feature_norm_ratio": ratio}


def full_width(net: Net, classes: Mapping[str, int]) -> dict[str, int]:
    """Table 1's numbers of a net besides its score and time, of its published width and borders.

    From its layers alone: no weight is made.
    """
    published = net.model_copy(update={"width": 1.0, "padding": None, "fc6_kernel": None})
    values = published.model_dump(exclude={"start_from"})
    with torch.device("meta"):
        return asdict(architecture(build_fcn(**values, classes=classes)))


def evaluate_bound(
    bound: Downsampling,
    *,
    dataset: Path,
    split: str,
    metrics: Path,
    counts: Path,
    run: RunMetadata,
) -> None:
    """Score the best labels that a net of some stride could give; writes the same two files.

    All scores and counts are the first rule's; of the others there is the mean IU.

    Args:
        bound: The stride, as `factor` in pixels.
        dataset: Folder of a prepared data set.
        split: Whose labels are downsampled.
        metrics: The record to write (.json).
        counts: The confusion counts per image to write (.npz).
        run: Which run this is, and where it comes from.
    """
    data = PreparedDataset(dataset)
    per_image, totals = upper_bound_confusion(data, split, factor=bound.factor)
    by_rule = {rule: finite(mean_iu_of_truth(total)) for rule, total in totals.items()}
    _write_counts(counts, data.ids(split), {SEMANTIC: per_image})
    record = Record(
        **dict(run),
        dataset=data.info.name,
        split=split,
        images=len(data.ids(split)),
        tasks={SEMANTIC: {**task_scores(SEMANTIC, per_image.sum(0), data), **by_rule}},
    )
    write_record(metrics, record)


def _write_counts(path: Path, ids: list[str], per_image: Mapping[str, Tensor]) -> None:
    arrays: dict[str, Any] = {task: each.numpy() for task, each in per_image.items()}
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, ids=np.array(ids), **arrays)


def task_scores(task: str, total: Tensor, data: PreparedDataset) -> Scores:
    """All scores of a task's counts; None where there is none to count."""
    background = task != FOREGROUND and has_background(data, task)
    found = scores(total, background=background)
    return {
        **{name: finite(value) for name, value in found.items()},
        "class_iu": [finite(value) for value in class_iu(total).tolist()],
    }


def finite(value: float) -> float | None:
    """The number, or None for nan, which JSON does not know."""
    return None if value != value else value
