"""Training as in section 4: summed loss, heavy momentum or accumulation, exact resume."""

import csv
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fcnlib.config import Training
from fcnlib.counting import confusions
from fcnlib.datasets.images import VOID
from fcnlib.datasets.prepared import Prepared
from fcnlib.errors import InputError
from fcnlib.files import replacing, sha256
from fcnlib.masking import hiding
from fcnlib.metrics import pixel_accuracy, scores
from fcnlib.models.transplant import read_checkpoint, write_checkpoint
from fcnlib.optimising import make_optimizer, pixel_loss
from fcnlib.progress import progress
from fcnlib.provenance import fingerprint
from fcnlib.sampling import Sample, Samples, draw_order
from fcnlib.starting import make_net

log = logging.getLogger(__name__)

COLUMNS = [
    *("iteration", "images", "seconds", "loss", "loss_per_pixel", "learning_rate"),
    *("images_per_second", "pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu"),
]
CURVE_LINES = 100
SAVE_SECONDS = 300.0


@dataclass
class Progress:
    """How far a run is."""

    iteration: int = 0
    seconds: float = 0.0
    best_iteration: int = 0
    best_scores: dict[str, float] = field(default_factory=dict)
    best_state: dict[str, Tensor] = field(default_factory=dict)
    lines: list[dict[str, float | str]] = field(default_factory=list)


def _accuracy_of(task: str) -> str:
    """The curve's column of a task after the first."""
    return f"{task}_pixel_accuracy"


def train(
    training: Training,
    *,
    dataset: Path,
    start: Sequence[Path],
    seed: int,
    checkpoint: Path,
    curve: Path,
    device: str,
    provenance: dict[str, Any],
    resume: bool = True,
) -> None:
    """Train one experiment; `checkpoint` receives the snapshot with the first task's best mean IU.

    The run's whole state is kept in `checkpoint` + ".resume" until it ends: a run that was
    stopped goes on from there if nothing it depends on has changed.
    """
    data = Prepared(dataset)
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        run = Run(training, data, start, seed=seed, device=device, provenance=provenance)
        run.go(checkpoint, curve, resume=resume)


class Run:
    """One training run and its state."""

    def __init__(
        self,
        training: Training,
        data: Prepared,
        start: Sequence[Path],
        *,
        seed: int,
        device: str,
        provenance: dict[str, Any],
    ) -> None:
        self.training, self.recipe, self.data = training, training.recipe, data
        self.device, self.seed, self.provenance = device, seed, provenance
        self.inputs, self.tasks = training.data.inputs, training.data.tasks
        self.net = make_net(training.net, training.data, data, start, seed=seed).to(device)
        first, values = self.tasks[0], training.data
        self.hidden = hiding(values.train_mask, self.net, data, first)
        self.test_hidden = hiding(values.test_mask, self.net, data, first)
        self.optimizer = make_optimizer(self.net, training.recipe)
        self.progress = Progress()
        # What the run depends on: a stored state of anything else must not be continued.
        self.identity = {
            "values": training.model_dump(mode="json"),
            "data": data.digest(self.inputs),
            "code": fingerprint(Path(__file__)),
            "start": [sha256(path) for path in start],
            "seed": seed,
        }

    def go(self, checkpoint: Path, curve: Path, *, resume: bool) -> None:
        stored = checkpoint.with_name(checkpoint.name + ".resume")
        if resume and stored.exists():
            self._restore(stored)
        self._steps(stored)
        with replacing(curve) as temporary, open(temporary, "w", newline="") as file:
            columns = [*COLUMNS, *map(_accuracy_of, self.tasks[1:])]
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.progress.lines)
        self._write_checkpoint(checkpoint)
        stored.unlink(missing_ok=True)

    def _steps(self, stored: Path) -> None:
        """Do the remaining iterations, with a line of the curve now and then."""
        recipe, state = self.recipe, self.progress
        samples = iter(self._loader())
        every = max(1, recipe.iterations // CURVE_LINES)
        loss = pixels = 0.0
        images = 0
        clock = saved = time.monotonic()
        bar = progress(
            range(state.iteration, recipe.iterations),
            desc="training",
            total=recipe.iterations,
            initial=state.iteration,
            unit="it",
        )
        for iteration in bar:
            self._set_rate(iteration)
            for _ in range(recipe.batch_size):
                image_loss, image_pixels = self._learn(*next(samples))
                loss, pixels, images = loss + image_loss, pixels + image_pixels, images + 1
            self.optimizer.step()
            self.optimizer.zero_grad()
            state.iteration = iteration + 1
            state.seconds += time.monotonic() - clock  # of learning: validation is not counted
            clock = time.monotonic()
            validating = self._is_validation(state.iteration)
            if state.iteration % every and not validating:
                continue
            speed = state.iteration * recipe.batch_size / state.seconds
            bar.set_postfix_str(f"loss {loss / pixels:.3f}/px, {speed:.1f} img/s", refresh=False)
            line = self._line(loss, pixels, images, speed)
            loss = pixels = 0.0
            images = 0
            if validating:
                line |= self._validate()
            state.lines.append(line)
            if validating or time.monotonic() - saved > SAVE_SECONDS:
                self._store(stored)
                saved = time.monotonic()
            clock = time.monotonic()

    def _loader(self) -> DataLoader[Sample]:
        recipe = self.recipe
        names = self.data.ids(self.training.data.train)
        images = recipe.iterations * recipe.batch_size
        order, flips = draw_order(len(names), images, seed=self.seed, mirror=recipe.mirror)
        done = self.progress.iteration * recipe.batch_size
        chosen = [names[i] for i in order[done:]]
        samples = Samples(
            self.data,
            chosen,
            flips[done:].tolist(),
            inputs=self.inputs,
            tasks=self.tasks,
            hidden=self.hidden,
        )
        # Of its own, as a loader draws a number on starting and a resumed run starts one more.
        chance = torch.Generator()
        return DataLoader(samples, batch_size=None, num_workers=recipe.workers, generator=chance)

    def _learn(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[float, float]:
        """Add one image's gradient; returns its loss, summed over pixels and tasks, and those."""
        parts = self.net.split(self.net(self.net.normalise(image[None].to(self.device))))
        losses, pixels, total = [], 0, 0.0
        for task, truth in labels.items():
            loss = pixel_loss(parts[task], truth[None].to(self.device))
            labelled = max(1, int((truth != VOID).sum()))
            terms = labelled * self.recipe.batch_size if self.recipe.loss == "mean" else 1
            losses.append(loss / terms)
            pixels, total = pixels + labelled, total + loss.item()
        torch.autograd.backward(losses)  # of their sum
        if not math.isfinite(total):
            raise InputError(
                f"iteration {self.progress.iteration + 1}: the loss is {total}; "
                f"expected a finite number (learning_rate {self.recipe.learning_rate} too high?)"
            )
        return total, pixels

    def _set_rate(self, iteration: int) -> None:
        done = iteration / self.recipe.iterations
        hold = self.recipe.decay_from
        factor = 1.0 if done < hold else (1 - done) / (1 - hold)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _is_validation(self, iteration: int) -> bool:
        return iteration % self.recipe.validate_every == 0 or iteration == self.recipe.iterations

    def _validate(self) -> dict[str, float | str]:
        split = self.training.data.validate_on or self.training.data.test
        self.net.eval()

        def segment(image: Tensor) -> dict[str, Tensor]:
            parts = self.net.split(self.net(self.net.normalise(image)))
            return {task: part.argmax(1) for task, part in parts.items()}

        per_image = confusions(
            segment,
            self.data,
            split,
            inputs=self.inputs,
            tasks=self.tasks,
            device=self.device,
            hidden=self.test_hidden,
            bar=False,
        )
        self.net.train()
        first, *others = self.tasks
        result = scores(per_image[first].sum(0))
        best = self.progress.best_scores.get("mean_iu", -1.0)
        if result["mean_iu"] > best:
            self.progress.best_iteration = self.progress.iteration
            self.progress.best_scores = dict(result)
            self.progress.best_state = {
                name: tensor.detach().cpu().clone()
                for name, tensor in self.net.state_dict().items()
            }
        log.info(
            "iteration %d: mean IU %.4f on %s", self.progress.iteration, result["mean_iu"], split
        )
        result |= {_accuracy_of(task): pixel_accuracy(per_image[task].sum(0)) for task in others}
        return {name: round(value, 6) for name, value in result.items()}

    def _line(
        self, loss: float, pixels: float, images: int, speed: float
    ) -> dict[str, float | str]:
        return {
            "iteration": self.progress.iteration,
            "images": self.progress.iteration * self.recipe.batch_size,
            "seconds": round(self.progress.seconds, 2),
            "loss": f"{loss / images:.6g}",
            "loss_per_pixel": f"{loss / pixels:.6g}",
            "learning_rate": f"{self.optimizer.param_groups[0]['lr']:.4g}",
            "images_per_second": f"{speed:.4g}",
        }

    def _store(self, path: Path) -> None:
        chance = {"cpu": torch.get_rng_state()}
        if self.device.startswith("cuda"):
            chance["cuda"] = torch.cuda.get_rng_state(self.device)
        state = {
            "identity": self.identity,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "chance": chance,
            "progress": asdict(self.progress),
        }
        write_checkpoint(path, state)

    def _restore(self, path: Path) -> None:
        state: dict[str, Any] = read_checkpoint(path)
        if state.get("identity") != self.identity:
            log.warning("%s belongs to other values, data, weights or code: starting anew", path)
            return
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["chance"]["cpu"])
        if self.device.startswith("cuda"):
            torch.cuda.set_rng_state(state["chance"]["cuda"], self.device)
        self.progress = Progress(**state["progress"])
        log.info("going on from iteration %d of %s", self.progress.iteration, path)

    def _write_checkpoint(self, path: Path) -> None:
        state = self.progress
        content = {
            "state": state.best_state,
            "net": self.training.net.model_dump(mode="json"),
            "classes": {task: self.data.info.tasks[task] for task in self.tasks},
            "palette": {task: self.data.info.palette[task] for task in self.tasks},
            "inputs": list(self.inputs),
            "best_iteration": state.best_iteration,
            "scores": state.best_scores,
            "provenance": self.provenance,
        }
        write_checkpoint(path, content)
