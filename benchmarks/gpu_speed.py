"""How fast a GPU trains FCN-8s VGG16 and labels by it: by precision, layout and batch.

python benchmarks/gpu_speed.py [--device cuda] [--width full] [--size 500] [--rounds 5] [--json F]

A step of a training is the copy of its images and labels, forward, summed cross entropy, backward
and SGD's update; as in a training, steps follow each other without being waited for. Images to be
labelled are on the device. The last column is the share of the multiplications a second of a large
matrix product in the same precision, by those of the net as published: what is left out, as
those of the constant border in labelling, counts as done.

It needs this package, torch, and no data. `--device cpu --width small` tries it without a GPU.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from inference import matrix_rate, random_net
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fcnlib.cli.options import find_device
from fcnlib.config.measuring import WARM_UP
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.core.precision import Precision, set_precision
from fcnlib.core.provenance import provenance
from fcnlib.core.transfer import pinned, to_device
from fcnlib.evaluation.timing import clock
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fast.training import optimize_for_training
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.training.losses import cross_entropy_loss
from fcnlib.training.optimizer import MomentumSGD
from fcnlib.training.stopwatch import peak_memory

NETS: dict[str, dict[str, Any]] = {
    "full": {"width": 1.0},
    "small": {"width": 1 / 16, "padding": 1, "fc6_kernel": 3},
}
SIZES = {"full": 500, "small": 64}
BATCHES = (1, 16)
LAYOUTS = {"channels last": torch.channels_last, "channels first": torch.contiguous_format}
TRAINING, LABELLING = "training", "labelling"
RATE = 1e-12  # so that steps change nothing that counts
STEPS = 10  # in a row


@dataclass(frozen=True)
class Row:
    """What one way takes; None where the memory did not suffice."""

    work: str
    batch: int
    precision: Precision
    layout: str
    images_per_second: float | None
    share: float | None  # of the matrix rate
    memory_mb: float | None


def training_step(
    net: FCN, images: Tensor, labels: Tensor, *, precision: Precision, device: str
) -> Callable[[], None]:
    """A step of a training on images [N, 3, H, W] and labels [N, H, W] of main memory."""
    form = optimize_for_training(net, device, precision)
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    group = {"params": parameters, "lr": RATE, "initial_lr": RATE, "weight_decay": 5e-4}
    optimizer = MomentumSGD([group], 0.99)

    def step() -> None:
        scores = form(form.normalise(to_device(images, device)))
        torch.autograd.backward(cross_entropy_loss(scores, to_device(labels, device)))
        optimizer.step()
        optimizer.zero_grad()

    return step


def seconds(step: Callable[[], object], device: str, rounds: int) -> float:
    """The time of one of several steps in a row, in the fastest of some rounds."""
    for _ in range(WARM_UP):
        step()
    times = []
    for _ in range(rounds):
        start = clock(device)
        for _ in range(STEPS):
            step()
        times.append(clock(device) - start)
    return min(times) / STEPS


def multiplications(net: dict[str, Any], size: int) -> dict[str, float]:
    """Those of an image, in 1e9, by kind of work; of the net as published, without computing it."""
    counts = {}
    with torch.device("meta"):
        made, image = build_fcn(**net).to("meta"), torch.zeros(1, 3, size, size)
    for work in (TRAINING, LABELLING):
        with FlopCounterMode(display=False) as counter:
            scores = made(image)
            if work == TRAINING:
                torch.autograd.backward(scores.sum())
        counts[work] = counter.get_total_flops() / 2 / 1e9
    return counts


def matrix_rates(precisions: list[Precision], device: str) -> dict[str, float]:
    """Multiplications of a large matrix product, in 1e9 a second, by precision."""
    rates = {}
    for precision in precisions:
        set_precision(precision, device)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        rates[precision] = matrix_rate(device, dtype)
    return rates


class Speed:
    """Rows of a net on a device, measured one by one."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.device, self.file = options, options.device, folder / "net.ts"
        known: tuple[Precision, ...] = get_args(Precision)
        self.precisions = [each for each in known if each != "tf32" or self.device != "cpu"]
        self.net = NETS[options.width]
        export_torchscript(random_net(**self.net), self.file)
        self.counts = multiplications(self.net, options.size)
        self.rates = matrix_rates(self.precisions, self.device)

    def rows(self) -> Iterator[Row]:
        """All of them: of training, and of labelling in the layout that `load_model` chooses."""
        for batch in BATCHES:
            for precision in self.precisions:
                for layout in LAYOUTS:
                    yield self.row(TRAINING, batch, precision, layout)
        for batch in BATCHES:
            for precision in self.precisions:
                yield self.row(LABELLING, batch, precision, "channels last")

    def row(self, work: str, batch: int, precision: Precision, layout: str) -> Row:
        """One of them."""
        peak = peak_memory(self.device)
        set_precision(precision, self.device)
        try:
            step = self.step(work, batch, precision, layout)
            per_second = batch / seconds(step, self.device, self.options.rounds)
        except torch.OutOfMemoryError:
            return Row(work, batch, precision, layout, None, None, None)
        share = per_second * self.counts[work] / self.rates[precision]
        return Row(work, batch, precision, layout, per_second, share, peak())

    def step(self, work: str, batch: int, precision: Precision, layout: str) -> Callable[[], Any]:
        """What is measured."""
        side, generator = self.options.size, torch.Generator().manual_seed(0)
        shape = (batch, 3, side, side)
        images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        images = pinned(images.contiguous(memory_format=LAYOUTS[layout]), self.device)
        if work == LABELLING:
            model = load_model(self.file, device=self.device, precision=precision)
            images = images.to(self.device)
            return lambda: model.labels(images)
        net: Any = random_net(**self.net).train().to(self.device)
        net.to(memory_format=LAYOUTS[layout])
        labels = torch.randint(0, 21, (batch, side, side), generator=generator)
        labels = pinned(labels, self.device)
        return training_step(net, images, labels, precision=precision, device=self.device)


def line(row: Row) -> str:
    """A row of the table."""
    start = f"{row.work:11}{row.batch:5}  {row.precision:6}{row.layout:15}"
    if row.images_per_second is None or row.share is None:
        return f"{start}{'out of memory':>13}"
    memory = "" if row.memory_mb is None else f"{row.memory_mb:8.0f}"
    return f"{start}{row.images_per_second:10.2f}{row.share:8.1%}{memory}"


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--width", choices=NETS, default="full")
    parser.add_argument("--size", type=int, help="side of the images; default: 500, or 64 if small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.size = options.size or SIZES[options.width]
    try:
        find_device(options.device)
    except InputError:
        sys.exit(f"no {options.device} here, torch {torch.__version__}: nothing was measured")
    threads = torch.get_num_threads()
    where = provenance(seed=0, device=options.device, threads=threads, values={})
    print(f"{where['date'][:10]}, {where['device']}, torch {where['versions']['torch']}")
    with tempfile.TemporaryDirectory() as folder:
        speed = Speed(options, Path(folder))
        rates = ", ".join(f"{name} {rate:.0f}" for name, rate in speed.rates.items())
        print(f"matrix product: {rates} GMAC/s; {options.size} x {options.size} pixels")
        print(f"\n{'':11}batch  {'':6}{'':15}{'images/s':>10}{'share':>8}{'MB':>8}")
        rows = []
        for row in speed.rows():
            rows.append(row)
            print(line(row), flush=True)
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        counts = {"gmac_per_image": speed.counts, "gmac_per_second": speed.rates}
        write_json(
            options.json, {**where, "values": values, **counts, "rows": [asdict(r) for r in rows]}
        )


if __name__ == "__main__":
    main()
