"""What a piece of each kind of work costs on this device: a few steps of the project's own code."""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from fcnlib.config.measuring import WARM_UP
from fcnlib.config.schema_data import Data
from fcnlib.config.schema_nets import Recipe, Training
from fcnlib.core.precision import set_precision
from fcnlib.datasets.hha.encode import NYUD_CAMERA, hha_channels, to_bytes
from fcnlib.datasets.hha.prepare import write_hha
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample
from fcnlib.datasets.writer import dataset_writer
from fcnlib.evaluation.confusion import confusion_per_image
from fcnlib.evaluation.metrics import confusion
from fcnlib.evaluation.timing import forward_milliseconds, measure
from fcnlib.evaluation.upper_bound import best_labels_at_stride
from fcnlib.inference.inputs import count_channels
from fcnlib.inference.model import Model, read_net
from fcnlib.models.batch_norm import add_batch_norm
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import build_fcn
from fcnlib.training import random_data
from fcnlib.training.random_data import FEW, SPLIT, write_random_dataset
from fcnlib.training.stopwatch import Stopwatch, computing_threads, cost_of_command, peak_memory
from fcnlib.training.trainer import Trainer
from fcnlib.training.workload import (
    ClassifierKind,
    Cost,
    ImageKind,
    Measured,
    NetKind,
    Piece,
    Probed,
    ProcessKind,
    TimingKind,
)

OBJECTS = 20  # classes of the pre-trained classifier
CLASSIFIED = 100  # windows at once, as pre-training tests itself

Costs = dict[Piece, Cost]


class ProbedTrainer(Trainer):
    """A trainer whose parts are done one by one."""

    def steps(self, samples: Iterator[Sample], number: int) -> None:
        """So many iterations."""
        for _ in range(number):
            self._train_step(samples)

    def count(self, split: str) -> None:
        """A validation on a split."""
        self._validation_counts(split)

    def end(self, checkpoint: Path) -> None:
        """Save the state, as with a validation, and write the net."""
        self._log()
        self.state.best_weights = self._snapshot()
        self._save_state(checkpoint.with_name("net.resume"))
        self._write_checkpoint(checkpoint)


def probe(kind: Probed, *, steps: int, device: str) -> Measured:
    """The costs of a kind's pieces, each of about so many steps or images."""
    devices = [device] if device.startswith("cuda") else []
    with (
        torch.random.fork_rng(devices=devices),
        computing_threads(1),
        redirect_stderr(io.StringIO()),  # bars of single steps
        tempfile.TemporaryDirectory(prefix="fcn-probe-") as folder,
    ):
        peak = peak_memory(device)
        if isinstance(kind, NetKind):
            costs = _of_net(kind, Path(folder), steps, device)
        elif isinstance(kind, ClassifierKind):
            costs = _of_classifier(kind, steps, device)
        elif isinstance(kind, TimingKind):
            costs = _of_timing(kind, device)
        elif isinstance(kind, ImageKind):
            costs = _of_images(kind, Path(folder), steps)
        else:
            return Measured(of=kind, costs=_of_process(kind))
        return Measured(of=kind, costs=costs, memory_mb=peak())


def _of_net(kind: NetKind, folder: Path, steps: int, device: str) -> Costs:
    data = write_random_dataset(
        folder / "data",
        images=steps,
        sizes=kind.sizes,
        classes=kind.classes,
        inputs=kind.inputs,
    )
    with computing_threads(1 + kind.workers):  # as the rule has it
        training = _of_training(kind, data, steps, device)
    return {**training, **_of_evaluation(kind, data, device)}


def _of_training(kind: NetKind, data: PreparedDataset, steps: int, device: str) -> Costs:
    """Of a training: its start and end, an image trained on, an image validated."""
    # Of larger batches only a part is computed: an update counts as one of so many images then.
    batch = min(kind.batch_size, steps) if kind.crop is None else kind.batch_size
    first, iterations = ceil(len(kind.sizes) / batch), ceil(steps / batch)
    images = len(data.ids(SPLIT))
    start, learning, validating = (Stopwatch(device) for _ in range(3))
    with start:
        set_precision(kind.precision, device)
        config = _training(kind, batch, iterations=first + iterations)
        trainer = ProbedTrainer(config, data, [], seed=0, device=device, provenance={})
    with trainer.image_order.samples_from(0) as samples:
        with start:
            trainer.steps(samples, first)
        with learning:
            trainer.steps(samples, iterations)
    with start:
        trainer.count(FEW)
    with validating:
        trainer.count(SPLIT)
    with start:
        trainer.end(data.root.with_name("net.pt"))
    train, validate = learning.per(iterations * batch), validating.per(images)
    few = len(data.ids(FEW))
    done = Cost(
        seconds=first * batch * train.seconds + few * validate.seconds,
        cpu_seconds=first * batch * train.cpu_seconds + few * validate.cpu_seconds,
    )
    return {"start": start.per(1, without=done), "train": train, "validate": validate}


def _training(kind: NetKind, batch: int, *, iterations: int) -> Training:
    tasks = tuple(task for task, _ in kind.classes)
    recipe = Recipe(
        batch_size=batch,
        iterations=iterations,
        workers=kind.workers,
        crop=kind.crop,
        norm=kind.norm,
        precision=kind.precision,
        validate_every=iterations,
        learning_rate=1e-12,  # so small that nothing diverges
    )
    data = Data(dataset="probe", inputs=kind.inputs, tasks=tasks, train=SPLIT, test=FEW)
    net = kind.net.model_copy(update={"start_from": "random"})
    return Training(data=data, net=net, recipe=recipe)


def _of_evaluation(kind: NetKind, data: PreparedDataset, device: str) -> Costs:
    """Of an evaluation: reading the net and its first images, one more image, a timed pass."""
    path = data.root.with_name("net.pt")
    loading, evaluating = Stopwatch(device), Stopwatch(device)
    tasks = [task for task, _ in kind.classes]

    def count(split: str) -> None:
        confusion_per_image(net.labels, data, split, inputs=kind.inputs, tasks=tasks, device=device)

    with loading:
        module, info = read_net(path)
        net = Model.of(module, info, path=path, device=device, precision="fp32")
        for _ in range(2):  # TorchScript watches the first passes and compiles then
            count(FEW)
    with evaluating:
        count(SPLIT)
    evaluate = evaluating.per(len(data.ids(SPLIT)))
    size = (kind.side, kind.side) if kind.side else kind.sizes[0]
    pixels = torch.int32 if "depth" in kind.inputs else torch.uint8
    image = torch.zeros(1, count_channels(kind.inputs), *size, dtype=pixels, device=device)
    passing = Stopwatch(device)
    with passing:
        forward_milliseconds(net.labels, image, device=device, runs=WARM_UP)
    return {"load": loading.per(1), "evaluate": evaluate, "forward": passing.per(2 * WARM_UP)}


def _of_classifier(kind: ClassifierKind, steps: int, device: str) -> Costs:
    """Of pre-training: its start, an update, a window that is classified."""
    shape = (kind.batch_size, 3, kind.window, kind.window)
    windows = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
    truth = torch.randint(OBJECTS, (kind.batch_size,), device=device)
    start, updating, classifying = (Stopwatch(device) for _ in range(3))

    def update() -> None:
        scores = net(net.normalise(windows)).mean(dim=(2, 3))
        loss = functional.cross_entropy(scores, truth)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        loss.item()

    with start:
        net = build_classifier(
            kind.backbone,
            OBJECTS,
            width=kind.width,
            fc6_kernel=kind.fc6_kernel,
            dropout=0.0,
            window=kind.window,
        )
        add_batch_norm(net)
        net.to(device)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-9, fused=True)
        update()
    with updating:
        for _ in range(steps):
            update()
    net.eval()
    tested = windows.repeat(ceil(CLASSIFIED / kind.batch_size), 1, 1, 1)[:CLASSIFIED]
    with torch.inference_mode(), classifying:
        net(net.normalise(tested))
    update_cost = updating.per(steps)
    return {
        "start": start.per(1, without=update_cost),
        "update": update_cost,
        "classify": classifying.per(CLASSIFIED),
    }


def _of_timing(kind: TimingKind, device: str) -> Costs:
    passing = Stopwatch(device)
    with passing:
        measure(kind.timing, seed=0, device=device)
    return {"pass": passing.per(1)}


def _of_images(kind: ImageKind, folder: Path, steps: int) -> Costs:
    """Of an image: storing it with its labels, encoding its depth, or downsampling its labels."""
    rng, classes = np.random.default_rng(0), dict(kind.classes)
    sizes = [kind.sizes[i % len(kind.sizes)] for i in range(steps)]
    if kind.factor is not None:
        labels = [random_data.random_label(rng, size, kind.classes[0][1]) for size in sizes]
        return {"downsample": _downsampling(labels, kind.factor, kind.classes[0][1])}
    costs: Costs = {}
    files = [random_data.jpeg(random_data.random_image(rng, size)) for size in sizes]
    depths = [random_data.random_depth(rng, size) for size in sizes] if kind.depth else []
    marked = {
        task: [random_data.random_label(rng, size, count) for size in sizes]
        for task, count in classes.items()
    }
    storing = Stopwatch("cpu")
    names = {task: [f"class {i}" for i in range(count)] for task, count in classes.items()}
    with storing, dataset_writer(folder / "data", tasks=names) as writer:
        for number, file in enumerate(files):
            id = f"{number:04d}"
            writer.add_image(id, file, id)
            for task, images in marked.items():
                writer.add_label(id, images[number], id, task)
            if depths:
                writer.add_depth(id, depths[number], depths[number] < 1, id)
        writer.add_split(SPLIT, [f"{number:04d}" for number in range(steps)])
    costs["store"] = storing.per(steps)
    if depths:
        encoding = Stopwatch("cpu")
        with encoding:
            for number, depth in enumerate(depths):
                hha = to_bytes(*hha_channels(depth / 1000.0, None, NYUD_CAMERA))
                write_hha(hha, folder / f"{number}.png")
        costs["encode"] = encoding.per(steps)
    return costs


def _downsampling(labels: list[np.ndarray], factor: int, classes: int) -> Cost:
    watch = Stopwatch("cpu")
    with watch:
        for label in labels:
            truth = torch.from_numpy(label)
            for found in best_labels_at_stride(truth, factor, classes).values():
                confusion(found, truth, classes)
    return watch.per(len(labels))


def _of_process(kind: ProcessKind) -> Costs:
    """Of a process: starting Python, importing what is installed here, ending."""
    each = "try:\n    import {}\nexcept ImportError:\n    pass\n"
    code = "".join(each.format(name) for name in kind.imports)
    return {"start": cost_of_command([sys.executable, "-c", code])}


@cache
def stored_bytes(kind: NetKind) -> int:
    """The bytes of a net's weights, from its layers alone: none is made."""
    values = kind.net.model_dump(exclude={"start_from"})
    with torch.device("meta"):
        net = build_fcn(**values, classes=dict(kind.classes))
    return sum(tensor.numel() * tensor.element_size() for tensor in net.state_dict().values())
