"""The parts of a training step's time, of the plain net and of its form for training.

python benchmarks/training.py [--width 0.125] [--size 128] [--steps 60] [--device cpu] [--json FILE]
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch

from fcn_synthetic.archives.voc import write_sbd, write_voc2011
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.config.schema_nets import Recipe
from fcnlib.core.files import write_json
from fcnlib.core.precision import set_precision
from fcnlib.core.provenance import provenance
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample, SampleReader
from fcnlib.evaluation.confusion import SEMANTIC
from fcnlib.evaluation.timing import clock
from fcnlib.models.fast.training import optimize_for_training
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.training.initialization import init_layers, init_score_layers
from fcnlib.training.losses import cross_entropy_loss
from fcnlib.training.optimizer import make_optimizer

HEADS = {"FCN-32s": ["fc7"], "FCN-8s": ["fc7", "pool4", "pool3"]}
STEP_PARTS = ("read", "forward", "backward", "update")
ARCHIVES = ("VOCtrainval_25-May-2011.tar", "benchmark.tgz")


def synthetic_data(folder: Path, size: int) -> PreparedDataset:
    """A prepared data set of synthetic scenes."""
    paths = [folder / name for name in ARCHIVES]
    write_voc2011(paths[0], seed=0, size=size, train=40, validation=8)
    write_sbd(paths[1], seed=0, size=size, train=40, validation=8)
    prepare(ArchiveDataset(converter="voc-sbd", archives=ARCHIVES), paths, folder / "set")
    return PreparedDataset(folder / "set")


def random_net(predict_from: list[str], options: argparse.Namespace) -> FCN:
    """A net of random weights: zero scores would be ties."""
    small = options.width < 1
    net = build_fcn(
        predict_from=predict_from,
        width=options.width,
        padding=1 if small else 100,
        fc6_kernel=3 if small else 7,
        dropout=0.0 if small else 0.5,
    )
    init_layers(net, torch.Generator().manual_seed(0))
    init_score_layers(net, torch.Generator().manual_seed(0))
    net.input_scale.fill_(1 / 64)
    return net.to(options.device)


def forms(predict_from: list[str], options: argparse.Namespace) -> dict[str, tuple[FCN, FCN]]:
    """Two nets of the same weights, each with the form of it that computes."""
    plain, fast = (random_net(predict_from, options) for _ in range(2))
    to_layout: Any = fast.to
    to_layout(memory_format=torch.channels_last)
    return {"plain": (plain, plain), "training": (fast, optimize_for_training(fast))}


def steps(
    data: PreparedDataset, predict_from: list[str], options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Median milliseconds per step of each part, of each form; they take turns."""
    recipe = Recipe(learning_rate=1e-10, iterations=1, validate_every=1)
    nets = forms(predict_from, options)
    optimizers = {name: make_optimizer(net, recipe) for name, (net, _) in nets.items()}
    times: dict[str, list[list[float]]] = {name: [] for name in nets}
    reader, ids = SampleReader(data), data.ids("train")
    for step in range(options.steps + 5):
        for name, (_, form) in nets.items():
            start = clock(options.device)
            sample = reader.read(ids[step % len(ids)])
            spent = one_step(form, optimizers[name], sample, start, options.device)
            times[name] += [spent] if step >= 5 else []  # the first ones warm up
    return {
        name: {
            part: median(ms) for part, ms in zip(STEP_PARTS, zip(*each, strict=True), strict=True)
        }
        for name, each in times.items()
    }


def one_step(
    net: FCN, optimizer: torch.optim.Optimizer, sample: Sample, start: float, device: str
) -> list[float]:
    """Milliseconds of each part of one step, whose sample was asked for at `start`."""
    times = [start]
    image, labels = sample
    image, truth = image[None].to(device), labels[SEMANTIC][None].to(device)
    times.append(clock(device))
    loss = cross_entropy_loss(net(net.normalise(image)), truth)
    times.append(clock(device))
    loss.backward()
    times.append(clock(device))
    optimizer.step()
    optimizer.zero_grad()
    times.append(clock(device))
    return [1000 * (end - start) for start, end in pairwise(times)]


def main() -> None:
    """Print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    set_precision("fp32", options.device)
    where = provenance(seed=0, device=options.device, threads=options.threads, values={})
    print(f"{where['device']}, {options.threads} thread(s), torch {where['versions']['torch']}")
    with tempfile.TemporaryDirectory() as folder:
        data = synthetic_data(Path(folder), options.size)
        table = {name: steps(data, layers, options) for name, layers in HEADS.items()}
    print(f"{'ms per step':20}" + "".join(f"{part:>9}" for part in (*STEP_PARTS, "all", "ratio")))
    for name, each in table.items():
        totals = {form: sum(parts.values()) for form, parts in each.items()}
        for form, parts in each.items():
            row = [*parts.values(), totals[form], totals[form] / totals["plain"]]
            print(f"{name:10}{form:10}" + "".join(f"{value:9.2f}" for value in row))
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        write_json(options.json, {**where, "values": values, "ms": table})


if __name__ == "__main__":
    main()
