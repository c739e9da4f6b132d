"""Whether a GPU trains, resumes, evaluates and labels as a CPU does: a line for each check.

python benchmarks/gpu.py [--device cuda] [--width 1] [--side 500] [--iterations 12] [--json FILE]

It needs this package, torch, and no data. The exit code is 1 if a check fails or there is no GPU.
Run it in one environment with the oldest torch of pyproject.toml, and in one with the locked one.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcn_synthetic.archives.voc import write_sbd, write_voc2011
from fcnlib.cli.options import find_device
from fcnlib.config.schema_data import ArchiveDataset, Data
from fcnlib.config.schema_nets import Net, Recipe, Training
from fcnlib.core.errors import InputError, first_line
from fcnlib.core.files import write_json
from fcnlib.core.precision import set_precision
from fcnlib.core.provenance import provenance
from fcnlib.core.stopping import Stopped
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_tensor
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import RunMetadata
from fcnlib.inference.model import load_model
from fcnlib.inference.torchscript import export_checkpoint
from fcnlib.models.weights.checkpoint import read_checkpoint
from fcnlib.training.trainer import Trainer

ARCHIVES = ("VOCtrainval_25-May-2011.tar", "benchmark.tgz")
SPLIT = "seg11valid"
SAME_LOSS, SAME_GRADIENTS, SAME_WEIGHTS = 1e-4, 1e-2, 1e-2  # largest relative differences
SAME_LOSS_IN_BF16 = 0.05  # of a number that has 8 bits, after some iterations
SAME_LABELS = 1e-3  # share of pixels that may differ, as near-ties do


@dataclass(frozen=True)
class Check:
    """What a check has found: figures, or the error that it ended in."""

    name: str
    found: str
    passed: bool
    seconds: float


class StopsAtFive(Trainer):
    """Is asked to stop behind its fifth iteration."""

    def _raise_if_stop_requested(self) -> None:
        if self.state.iteration == 5:
            raise Stopped


class Checks:
    """The checks on a data set of synthetic scenes, in a folder of their own."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.options, self.device = folder, options, options.device
        paths = [folder / name for name in ARCHIVES]
        write_voc2011(paths[0], seed=0, size=options.side, train=8, validation=4)
        write_sbd(paths[1], seed=0, size=options.side, train=8, validation=4)
        prepare(ArchiveDataset(converter="voc-sbd", archives=ARCHIVES), paths, folder / "set")
        self.data = PreparedDataset(folder / "set")

    def config(self, dropout: float, precision: str) -> Training:
        small = self.options.width < 1
        return Training(
            data=Data(dataset="set", test=SPLIT),
            net=Net(
                backbone="vgg16",
                predict_from=("fc7", "pool4", "pool3"),
                start_from="random",
                width=self.options.width,
                padding=1 if small else None,
                fc6_kernel=3 if small else None,
                dropout=dropout,
            ),
            recipe=Recipe(
                learning_rate=1e-4,
                reduction="mean",
                momentum=0.9,
                score_init="random",
                class_weights="inverse-frequency",
                patch_keep_prob=0.5,
                iterations=self.options.iterations,
                validate_every=4,
                workers=2,
                precision=precision,
            ),
        )

    def trainer(
        self,
        device: str,
        *,
        dropout: float = 0.5,
        precision: str = "fp32",
        make: type[Trainer] = Trainer,
    ) -> Any:
        torch.manual_seed(0)
        config = self.config(dropout, precision)
        return make(config, self.data, [], seed=0, device=device, provenance={})

    def gradients(self) -> tuple[str, bool]:
        """Loss and gradients of one image."""
        losses, gradients = [], []
        for device in ("cpu", self.device):
            trainer = self.trainer(device, dropout=0.0)
            with trainer.image_order.samples_from(0) as samples:
                losses.append(trainer._backward(*next(samples))[0].item())
            named = trainer.net.named_parameters()
            gradients.append({name: p.grad.cpu() for name, p in named if p.grad is not None})
        loss = abs(losses[1] - losses[0]) / losses[0]
        gradient = relative_difference(*gradients)
        found = f"loss {losses[0]:.6g} and {losses[1]:.6g}, gradients {gradient:.1e} apart"
        return found, loss < SAME_LOSS and gradient < SAME_GRADIENTS

    def waits(self) -> tuple[str, bool]:
        """Iterations between two readings of the losses; an error where one waits for the GPU."""
        trainer, steps = self.trainer(self.device), self.options.iterations - 2
        with trainer.image_order.samples_from(0) as samples:
            for _ in range(2):  # in which memory is taken
                trainer._train_step(samples)
            if self.device != "cpu":
                torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(steps):
                    trainer._train_step(samples)
            finally:
                if self.device != "cpu":
                    torch.cuda.set_sync_debug_mode("default")
        trainer._read_losses()
        return f"none in {steps} iterations", trainer.loss_meter.images == self.options.iterations

    def bf16(self) -> tuple[str, bool]:
        """The loss of a training in bf16, against that in fp32."""
        losses = []
        for precision in ("fp32", "bf16"):
            trainer = self.trainer(self.device, dropout=0.0, precision=precision)
            path = self.folder / f"{precision}.pt"
            trainer.fit(path, path.with_suffix(".csv"), resume=False)
            losses.append(read_checkpoint(path).loss)
        apart = abs(losses[1] - losses[0]) / losses[0]
        return f"loss {losses[0]:.4g} and {losses[1]:.4g} in bf16", apart < SAME_LOSS_IN_BF16

    def resume(self) -> tuple[str, bool]:
        """Store, resume and finish, against a training that was not stopped."""
        self.fit("calm", Trainer)
        with suppress(Stopped):
            self.fit("stopped", StopsAtFive)
        stored = self.folder / "stopped.pt.resume"
        resumed = self.trainer(self.device)
        resumed._restore_state(stored)
        megabytes, iteration = stored.stat().st_size / 1e6, resumed.state.iteration
        self.fit("stopped", Trainer)
        weights = [read_checkpoint(self.folder / f"{n}.pt").state for n in ("calm", "stopped")]
        apart = relative_difference(*weights)
        found = f"{megabytes:.0f} MB at iteration {iteration}, weights {apart:.1e} apart at the end"
        return found, iteration == 5 and apart <= (0 if self.device == "cpu" else SAME_WEIGHTS)

    def fit(self, name: str, make: type[Trainer]) -> None:
        """Train from the saved state, where there is one, to the end or to where it stops."""
        trainer = self.trainer(self.device, make=make)
        trainer.fit(self.folder / f"{name}.pt", self.folder / f"{name}.csv", resume=True)

    def evaluation(self) -> tuple[str, bool]:
        """Counts of a split by a checkpoint and by its exported model."""
        export_checkpoint(self.folder / "calm.pt", self.folder / "calm.ts")
        counts = [
            self.counts("calm.pt", "cpu"),
            self.counts("calm.pt", self.device),
            self.counts("calm.ts", self.device),
        ]
        shares = [np.abs(each - counts[0]).sum() / 2 / counts[0].sum() for each in counts[1:]]
        found = ", ".join(f"{share:.1e}" for share in shares)
        return f"{found} of the pixels counted elsewhere (.pt, .ts)", max(shares) < SAME_LABELS

    def counts(self, model: str, device: str) -> NDArray[np.int64]:
        run = RunMetadata.of(experiment="gpu", seed=0, device=device, threads=1, values={})
        metrics, counts = self.folder / "metrics.json", self.folder / "counts.npz"
        evaluate(
            self.folder / model,
            dataset=self.data.root,
            split=SPLIT,
            metrics=metrics,
            counts=counts,
            device=device,
            run=run,
        )
        found: NDArray[np.int64] = np.load(counts)["semantic"]
        return found

    def exported(self) -> tuple[str, bool]:
        """Labels of an image by the exported model."""
        image = as_tensor(self.data.stack(self.data.ids(SPLIT)[0], ["rgb"]))[None]
        labels = [
            load_model(self.folder / "calm.ts", device=device).labels(image)["semantic"].cpu()
            for device in ("cpu", self.device)
        ]
        share = (labels[0] != labels[1]).float().mean().item()
        found = f"width {self.options.width:g}, {share:.1e} of the labels differ"
        return found, share < SAME_LABELS


def relative_difference(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """The largest difference of two nets' tensors, by the largest value of each tensor."""
    return max(
        float((a[name].double() - b[name].double()).abs().max())
        / max(float(a[name].double().abs().max()), 1e-30)
        for name in a
    )


def run_check(name: str, check: Callable[[], tuple[str, bool]]) -> Check:
    """Print the line of a check."""
    start = time.monotonic()
    try:
        found, passed = check()
    except Exception as error:  # whatever it is, the check has failed
        found, passed = f"{type(error).__name__}: {first_line(error)}", False
    made = Check(name, found, bool(passed), round(time.monotonic() - start, 1))
    print(f"{'ok' if passed else 'FAILED':7}{name:20}{made.seconds:7.1f} s  {found}", flush=True)
    return made


def main() -> None:
    """Print a line for each check, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--width", type=float, help="default: 1, or 0.125 on the CPU")
    parser.add_argument("--side", type=int, help="default: 500, or 64 on the CPU")
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        find_device(options.device)
    except InputError:
        sys.exit(f"no {options.device} here, torch {torch.__version__}: nothing was checked")
    on_cpu = options.device == "cpu"
    options.width = options.width or (0.125 if on_cpu else 1.0)
    options.side = options.side or (64 if on_cpu else 500)
    logging.disable(logging.WARNING)
    set_precision("fp32", options.device)  # only numbers of the same one can be compared
    torch.backends.cudnn.deterministic = True
    where = provenance(seed=0, device=options.device, threads=torch.get_num_threads(), values={})
    print(f"{where['device']}, torch {where['versions']['torch']}")
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(Path(folder), options)
        lines = [
            run_check("loss and gradients", checks.gradients),
            run_check("waits", checks.waits),
            run_check("bf16", checks.bf16),
            run_check("store and resume", checks.resume),
            run_check("evaluation", checks.evaluation),
            run_check("exported model", checks.exported),
        ]
    if options.json:
        write_json(options.json, {**where, "checks": [asdict(line) for line in lines]})
    sys.exit(not all(line.passed for line in lines))


if __name__ == "__main__":
    main()
