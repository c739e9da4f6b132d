"""Section 3's ways to compute scores, side by side in one run: milliseconds, and their difference.

python benchmarks/dense.py [--width 0.125] [--side 128] [--strides 16 8 4] [--runs 5]
                           [--backbones alexnet vgg16 vgg19 googlenet] [--device cpu] [--json FILE]
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fcnlib.config.columns import Cost
from fcnlib.config.schema_experiments import Timing
from fcnlib.core.files import write_json
from fcnlib.core.provenance import provenance
from fcnlib.evaluation.timing import measure
from fcnlib.models.backbones import BACKBONES

WINDOW, IMAGE = 227, 500  # sides in the paper's experiment with AlexNet


def sliding(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Section 3.1: windows, alone and in batches, and one pass over an image."""
    alexnet = {"backbone": "alexnet", "backward": True}
    windows = {**alexnet, "way": "fully-connected", "side": WINDOW}
    return [
        {**windows, "batch": options.batch},
        windows,
        {**alexnet, "way": "convolutional", "side": IMAGE},
    ]


def dense(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Section 3.2: two ways to the dense map of every stride, the net's own 32 before them."""
    return [
        {"backbone": backbone, "side": options.side, "stride": stride, "way": way}
        for backbone in options.backbones
        for stride in (32, *options.strides)
        for way in ("shift-and-stitch", "dilated")
        if stride < 32 or way == "dilated"
    ]


def table_row(timing: Timing, costs: Mapping[Cost, float | None]) -> str:
    """One line of the table."""
    what = f"{timing.backbone:10}{timing.way:18}{timing.stride or '':>7}{timing.side:>6}"
    backward = "" if costs["backward_ms"] is None else f"{costs['backward_ms']:.2f}"
    return (
        f"{what}{timing.batch:>6}{costs['outputs']:>9}{costs['forward_ms']:>11.2f}{backward:>12}"
        f"{costs['output_ms']:>14.4f}{costs['max_difference']:>11.1e}"
    )


def main() -> None:
    """Print the tables, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--strides", type=int, nargs="+", default=[16, 8, 4])
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES), choices=BACKBONES)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    where = provenance(seed=0, device=options.device, threads=options.threads, values={})
    print(f"{where['device']}, {options.threads} thread(s), torch {where['versions']['torch']}")
    print(
        f"{'net':10}{'way':18}{'stride':>7}{'side':>6}{'batch':>6}{'outputs':>9}{'forward ms':>11}"
        f"{'backward ms':>12}{'ms per output':>14}{'difference':>11}"
    )
    lines = []
    for values in sliding(options) + dense(options):
        timing = Timing(width=options.width, runs=options.runs, **values)
        measured = measure(timing, seed=0, device=options.device)
        print(table_row(timing, measured.costs), flush=True)
        lines.append({**timing.model_dump(), **measured._asdict()})
    if options.json:
        values = {name: str(value) for name, value in vars(options).items()}
        write_json(options.json, {**where, "values": values, "ways": lines})


if __name__ == "__main__":
    main()
