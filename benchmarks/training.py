"""Where a training step's time goes: reading, forward, backward, update; side by side in one run.

python benchmarks/training.py [--width 0.125] [--size 128] [--steps 60] [--device cpu] [--json FILE]
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch

from fcnlib.config import Recipe
from fcnlib.config_data import ArchiveDataset
from fcnlib.counting import TASK
from fcnlib.datasets.converters import prepare
from fcnlib.datasets.drawn.archives import write_sbd, write_voc2011
from fcnlib.datasets.prepared import Prepared
from fcnlib.files import write_json
from fcnlib.models import build_fcn
from fcnlib.optimising import make_optimizer, pixel_loss
from fcnlib.provenance import provenance
from fcnlib.sampling import Samples
from fcnlib.timing import clock

HEADS = {"FCN-32s": ["fc7"], "FCN-8s": ["fc7", "pool4", "pool3"]}
ARCHIVES = ("VOCtrainval_25-May-2011.tar", "benchmark.tgz")


def drawn(folder: Path, size: int) -> Prepared:
    """A prepared data set of drawn scenes."""
    paths = [folder / name for name in ARCHIVES]
    write_voc2011(paths[0], seed=0, size=size, train=40, validation=8)
    write_sbd(paths[1], seed=0, size=size, train=40, validation=8)
    prepare(ArchiveDataset(converter="voc-sbd", archives=ARCHIVES), paths, folder / "set")
    return Prepared(folder / "set")


def steps(
    samples: Samples, predict_from: list[str], options: argparse.Namespace
) -> dict[str, float]:
    """Median milliseconds per step of each part."""
    small = options.width < 1
    net = build_fcn(
        predict_from=predict_from,
        width=options.width,
        padding=1 if small else 100,
        fc6_kernel=3 if small else 7,
        dropout=0.0 if small else 0.5,
    ).to(options.device)
    recipe = Recipe(learning_rate=1e-10, iterations=1, validate_every=1)
    optimizer = make_optimizer(net, recipe)

    parts: dict[str, list[float]] = {part: [] for part in ("read", "forward", "backward", "update")}
    for step in range(options.steps + 5):
        times = [clock(options.device)]
        image, labels = samples[step % len(samples)]
        image, truth = image[None].to(options.device), labels[TASK][None].to(options.device)
        times.append(clock(options.device))
        loss = pixel_loss(net(net.normalise(image)), truth)
        times.append(clock(options.device))
        loss.backward()
        times.append(clock(options.device))
        optimizer.step()
        optimizer.zero_grad()
        times.append(clock(options.device))
        if step >= 5:  # the first ones warm up
            for part, (start, end) in zip(parts, pairwise(times), strict=True):
                parts[part].append(1000 * (end - start))
    return {part: median(values) for part, values in parts.items()}


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
    where = provenance(seed=0, device=options.device, threads=options.threads, values={})
    print(f"{where['device']}, {options.threads} thread(s), torch {where['versions']['torch']}")
    with tempfile.TemporaryDirectory() as folder:
        data = drawn(Path(folder), options.size)
        samples = Samples(data, data.ids("train"), [False] * 40)
        table = {name: steps(samples, layers, options) for name, layers in HEADS.items()}
    print(
        f"{'ms per step':14}{'read':>9}{'forward':>9}{'backward':>9}{'update':>9}{'computing':>11}"
    )
    for name, parts in table.items():
        share = 1 - parts["read"] / sum(parts.values())
        print(f"{name:14}" + "".join(f"{ms:9.2f}" for ms in parts.values()) + f"{share:11.1%}")
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        write_json(options.json, {**where, "values": values, "ms": table})


if __name__ == "__main__":
    main()
