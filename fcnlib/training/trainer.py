"""Training as in section 4: summed loss, heavy momentum or accumulation, exact resume."""

import logging
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from fcnlib.config.columns import Setting
from fcnlib.config.schema import Training
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.core.fingerprint import fingerprint
from fcnlib.core.progress import progress
from fcnlib.core.stopping import Stopped, stop_requests
from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample
from fcnlib.evaluation.confusion import confusion_per_image
from fcnlib.evaluation.metrics import pixel_accuracy, scores
from fcnlib.models.fast.training import optimize_for_training
from fcnlib.models.fcn import labels_of
from fcnlib.models.weights.checkpoint import (
    Checkpoint,
    read_tensors,
    write_checkpoint,
    write_tensors,
)
from fcnlib.training.history import (
    Line,
    LossMeter,
    Progress,
    accuracy_of,
    final_loss,
    write_curve,
)
from fcnlib.training.image_order import ImageOrder
from fcnlib.training.initialization import build_initialized
from fcnlib.training.losses import Loss
from fcnlib.training.optimizer import make_optimizer

log = logging.getLogger(__name__)

CURVE_LINES = 100
SAVE_SECONDS = 300.0


class Diverged(InputError):
    """The loss is no number any more."""


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

    The run's whole state is kept in `checkpoint` + ".resume" until it ends, with every validation,
    every few minutes and when SIGTERM or Ctrl-C asks it to stop (then raises Stopped): the next
    run goes on from there if nothing it depends on has changed.
    """
    data = PreparedDataset(dataset)
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        run = Run(training, data, start, seed=seed, device=device, provenance=provenance)
        run.go(checkpoint, curve, resume=resume)


class Run:
    """One training run and its state."""

    def __init__(
        self,
        training: Training,
        data: PreparedDataset,
        start: Sequence[Path],
        *,
        seed: int,
        device: str,
        provenance: dict[str, Any],
    ) -> None:
        self.training, self.recipe, self.data = training, training.recipe, data
        self.device, self.seed, self.provenance = device, seed, provenance
        self.inputs, self.tasks = training.data.inputs, training.data.tasks
        self.net = build_initialized(
            *(training.net, training.data, data, start),
            seed=seed,
            score_init=self.recipe.score_init,
        ).to(device)
        in_layout_of_images: Any = self.net.to
        in_layout_of_images(memory_format=torch.channels_last)
        self.faster = optimize_for_training(self.net)  # it learns the same parameters
        self.objective = Loss(training, self.net, data, seed=seed, device=device)
        self.course = ImageOrder(training, self.net, data, seed=seed)
        self.test_hidden = input_mask(training.data.test_mask, self.net, data, self.tasks[0])
        self.optimizer = make_optimizer(self.net, training.recipe)
        self.progress, self.tally = Progress(), LossMeter()
        self.stop = threading.Event()
        if self.recipe.may_diverge:  # before there is a better one
            self.progress.best_state = self._snapshot()
        # What the run depends on: a stored state of anything else must not be continued.
        self.identity = {
            "values": training.model_dump(mode="json"),
            "data": data.digest(self.inputs),
            "code": fingerprint(Path(__file__)),
            "start": [sha256(path) for path in start],
            "seed": seed,
            "weights": {task: each.tolist() for task, each in self.objective.weights.items()},
        }

    def go(self, checkpoint: Path, curve: Path, *, resume: bool) -> None:
        stored = checkpoint.with_name(checkpoint.name + ".resume")
        if resume and stored.exists():
            self._restore(stored)
        try:
            with stop_requests() as self.stop:
                self._steps(stored)
        except Stopped:
            self._store(stored)
            log.warning("asked to stop: stored iteration %d", self.progress.iteration)
            raise
        except Diverged as error:
            if not self.recipe.may_diverge or self.progress.iteration == 0:  # or a broken start
                raise
            log.warning("%s: ends here, as it may", error)
            if self.tally.images >= self.recipe.batch_size:  # an update since the last line
                self._write_down()
        write_curve(curve, self.progress.lines, self.tasks)
        self._write_checkpoint(checkpoint)
        stored.unlink(missing_ok=True)

    def _steps(self, stored: Path) -> None:
        """Do the remaining iterations, with a line of the curve now and then."""
        recipe, state = self.recipe, self.progress
        if self._is_validation(state.iteration) and "mean_iu" not in state.lines[-1]:
            self._validate()  # the run was stopped meanwhile
        first, last = state.iteration, recipe.iterations
        bar = progress(range(first, last), desc="training", total=last, initial=first, unit="it")
        saved = time.monotonic()
        with self.course.drawn(state.iteration * recipe.batch_size) as samples:
            for _ in bar:
                self._update(samples)
                validating = self._is_validation(state.iteration)
                if validating or state.iteration % max(1, recipe.iterations // CURVE_LINES) == 0:
                    line = self._write_down()
                    told = f"loss {line['loss_per_pixel']}/px, {line['images_per_second']} img/s"
                    bar.set_postfix_str(told, refresh=False)
                self._go_on_unless_asked_to_stop()
                if validating:
                    self._validate()
                if validating or time.monotonic() - saved > SAVE_SECONDS:
                    self._store(stored)
                    saved = time.monotonic()

    def _update(self, samples: Iterator[Sample]) -> None:
        """Learn from a batch: one iteration."""
        start = time.monotonic()
        self._set_rate(self.progress.iteration)
        for _ in range(self.recipe.batch_size):
            self.tally.add(*self._learn(*next(samples)))
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.progress.iteration += 1
        self.progress.seconds += time.monotonic() - start

    def _go_on_unless_asked_to_stop(self) -> None:
        """Called only where the stored state would be whole."""
        if self.stop.is_set():
            raise Stopped

    def _learn(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[float, float]:
        """Add one image's gradient; returns its loss, summed over pixels and tasks, and those."""
        parts = self._scores(image[None].to(self.device))
        losses, total, pixels = self.objective(parts, labels)
        torch.autograd.backward(losses)  # of their sum
        if not math.isfinite(total):
            raise self._diverged(self.progress.iteration + 1, f"the loss is {total}")
        return total, pixels

    def _scores(self, image: Tensor) -> dict[str, Tensor]:
        return self.net.split(self.faster(self.net.normalise(image)))

    def _diverged(self, iteration: int, what: str) -> Diverged:
        self.progress.diverged_at = iteration
        rate = self.recipe.learning_rate
        told = f"expected a finite number (learning_rate {rate} too high?)"
        return Diverged(f"iteration {iteration}: {what}; {told}")

    def _set_rate(self, iteration: int) -> None:
        done = iteration / self.recipe.iterations
        hold = self.recipe.lr_decay_start
        factor = 1.0 if done < hold else (1 - done) / (1 - hold)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _is_validation(self, iteration: int) -> bool:
        every, last = self.recipe.validate_every, self.recipe.iterations
        return iteration > 0 and (iteration % every == 0 or iteration == last)

    def _validate(self) -> None:
        """Score the net, into the curve's last line."""
        if not all(bool(weights.isfinite().all()) for weights in self.net.parameters()):
            raise self._diverged(self.progress.iteration, "a weight is not finite")
        split = self.training.data.validate_on or self.training.data.test
        self.net.eval()

        def segment(image: Tensor) -> dict[str, Tensor]:
            self._go_on_unless_asked_to_stop()
            return {task: labels_of(part) for task, part in self._scores(image).items()}

        per_image = confusion_per_image(
            segment,
            self.data,
            split,
            inputs=self.inputs,
            tasks=self.tasks,
            device=self.device,
            mask=self.test_hidden,
            bar=False,
        )
        self.net.train()
        first, *others = self.tasks
        result = scores(per_image[first].sum(0))
        best = self.progress.best_scores.get("mean_iu", -1.0)
        if result["mean_iu"] > best:
            self.progress.best_iteration = self.progress.iteration
            self.progress.best_scores = dict(result)
            self.progress.best_state = self._snapshot()
        log.info(
            "iteration %d: mean IU %.4f on %s", self.progress.iteration, result["mean_iu"], split
        )
        result |= {accuracy_of(task): pixel_accuracy(per_image[task].sum(0)) for task in others}
        line = self.progress.lines[-1]
        line |= {name: round(value, 6) for name, value in result.items()}

    def _snapshot(self) -> dict[str, Tensor]:
        state = self.net.state_dict()
        return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}

    def _write_down(self) -> Line:
        """A new line of the curve, of the images since the last."""
        state, rate = self.progress, self.optimizer.param_groups[0]["lr"]
        line = self.tally.line(
            iteration=state.iteration,
            batch_size=self.recipe.batch_size,
            seconds=state.seconds,
            learning_rate=rate,
        )
        state.lines.append(line)
        self.tally = LossMeter()
        return line

    def _store(self, path: Path) -> None:
        chances = {"cpu": torch.get_rng_state(), "cells": self.objective.generator.get_state()}
        if self.device.startswith("cuda"):
            chances["cuda"] = torch.cuda.get_rng_state(self.device)
        state = {
            "identity": self.identity,
            "net": self.net.state_dict(),
            "velocities": self.optimizer.velocities,
            "chance": chances,
            "progress": asdict(self.progress),
            "tally": asdict(self.tally),
        }
        write_tensors(path, state)

    def _restore(self, path: Path) -> None:
        state: dict[str, Any] = read_tensors(path)
        if state.get("identity") != self.identity:
            log.warning("%s belongs to other values, data, weights or code: starting anew", path)
            return
        self.net.load_state_dict(state["net"])
        self.optimizer.velocities = state["velocities"]
        torch.set_rng_state(state["chance"]["cpu"])
        self.objective.generator.set_state(state["chance"]["cells"])
        if self.device.startswith("cuda"):
            torch.cuda.set_rng_state(state["chance"]["cuda"], self.device)
        self.progress, self.tally = Progress(**state["progress"]), LossMeter(**state["tally"])
        log.info("going on from iteration %d of %s", self.progress.iteration, path)

    def _write_checkpoint(self, path: Path) -> None:
        state = self.progress
        checkpoint = Checkpoint(
            state=state.best_state,
            net=self.training.net,
            classes={task: self.data.info.tasks[task] for task in self.tasks},
            palette={task: self.data.info.palette[task] for task in self.tasks},
            inputs=tuple(self.inputs),
            best_iteration=state.best_iteration,
            scores=state.best_scores,
            seconds=state.seconds,
            loss=final_loss(state.lines),
            settings={name: getattr(self.recipe, name) for name in get_args(Setting)},
            order=self.course.digest,
            diverged_at=state.diverged_at,
            provenance={**self.provenance, "diverged_at": state.diverged_at},
        )
        write_checkpoint(path, checkpoint)
