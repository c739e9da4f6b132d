"""Training as in section 4: summed loss, heavy momentum or accumulation, exact resume."""

import logging
import math
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import torch
from torch import Tensor

from fcnlib.config.columns import Setting
from fcnlib.config.schema_nets import SAVE_MINUTES, Training
from fcnlib.core.allocation import keep_freed_memory
from fcnlib.core.errors import InputError
from fcnlib.core.files import remove, require_writable, sha256
from fcnlib.core.fingerprint import fingerprint
from fcnlib.core.other_work import OtherWork
from fcnlib.core.precision import set_precision
from fcnlib.core.progress import progress
from fcnlib.core.stopping import Stopped, stop_requests
from fcnlib.core.transfer import to_device
from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Sample
from fcnlib.evaluation.confusion import confusion_per_image
from fcnlib.evaluation.metrics import pixel_accuracy, scores
from fcnlib.models.batch_norm import add_batch_norm, folded_state, make_norms_neutral
from fcnlib.models.fast.training import optimize_for_training
from fcnlib.models.fcn import labels_of
from fcnlib.models.weights.checkpoint import Checkpoint, write_checkpoint
from fcnlib.training.history import (
    LogRecord,
    LossMeter,
    TrainingState,
    accuracy_column,
    curve_columns,
    final_loss,
    is_logged,
    is_validation,
    write_curve,
)
from fcnlib.training.image_order import ImageOrder
from fcnlib.training.initialization import build_initialized
from fcnlib.training.losses import Loss, require_labels
from fcnlib.training.optimizer import lr_factor, make_optimizer
from fcnlib.training.running_curve import RunningCurve, running_curve_path
from fcnlib.training.saved_state import (
    GPU_GENERATOR,
    Expected,
    SavedState,
    saved_state_path,
    state_to_resume,
    write_state,
)
from fcnlib.training.training_ids import training_ids
from fcnlib.training.weight_average import WeightAverage

READ_LOSSES_EVERY = 20  # iterations; to read one, all that the device was given is waited for

log = logging.getLogger(__name__)


class UnreadLoss(NamedTuple):
    """The loss of images, still on the device."""

    iteration: int
    loss: Tensor  # summed over pixels and tasks
    pixels: int
    images: int


class Diverged(InputError):
    """The loss or a weight is not a finite number any more."""


def train(  # noqa: PLR0913
    config: Training,
    *,
    dataset: Path,
    initial_weights: Sequence[Path],
    seed: int,
    checkpoint: Path,
    curve: Path,
    device: str,
    provenance: dict[str, Any],
    resume: bool = True,
    save_minutes: float = SAVE_MINUTES,
) -> None:
    """Train one net; `checkpoint` receives the snapshot with the first task's best mean IU.

    The full training state is kept in `checkpoint` + ".resume" until it ends: it is saved every
    `save_minutes`, and when SIGTERM or Ctrl-C asks to stop (which then raises Stopped). The next
    call resumes from there, if nothing that the training depends on has changed. Beside it, the
    curve so far grows line by line in `checkpoint` + ".running.csv".

    Args:
        config: The data, net and recipe.
        dataset: Folder of the prepared data set.
        initial_weights: Checkpoints to start from: one, or one for each stream; none if random.
        seed: Of the image order, flips, shifts, dropout and random weights.
        checkpoint: File to write (.pt).
        curve: File to write: the learning curve (.csv), one log record a row.
        device: "cpu", "cuda", "cuda:1", ...
        provenance: To record in the checkpoint.
        resume: Whether to resume from a saved state, if there is one.
        save_minutes: Minutes after which the state is saved again.

    Raises:
        InputError: Data or weights do not fit the config, or the training diverged and the recipe
            does not allow that.
        Stopped: A signal asked to stop; the state is saved.
    """
    prepared = PreparedDataset(dataset)
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        trainer = Trainer(
            config,
            prepared,
            initial_weights,
            seed=seed,
            device=device,
            provenance=provenance,
            save_minutes=save_minutes,
        )
        trainer.fit(checkpoint, curve, resume=resume)


class Trainer:
    """One training: config, data, net, loss, optimizer and state; its arguments are `train`'s."""

    def __init__(
        self,
        config: Training,
        dataset: PreparedDataset,
        initial_weights: Sequence[Path],
        *,
        seed: int,
        device: str,
        provenance: dict[str, Any],
        save_minutes: float = SAVE_MINUTES,
    ) -> None:
        self.config, self.recipe, self.save_minutes = config, config.recipe, save_minutes
        self.seed, self.device, self.provenance = seed, device, provenance
        self.dataset = dataset
        self.inputs, self.tasks = config.data.inputs, config.data.tasks
        self.validation_split = config.data.validate_on or config.data.test

        self.net = build_initialized(
            config.net,
            config.data,
            dataset,
            initial_weights,
            seed=seed,
            score_init=self.recipe.score_init,
        )
        if self.recipe.norm == "batch":
            add_batch_norm(self.net)
        to: Any = self.net.to(device).to  # its stub lacks memory_format
        to(memory_format=torch.channels_last)
        precision = self.recipe.precision
        self.fast_net = optimize_for_training(self.net, device, precision)  # of its parameters

        ids = training_ids(dataset, config.data, seed)
        require_labels(dataset, config.data.train, self.tasks, ids)
        require_labels(dataset, self.validation_split, self.tasks)
        self.loss = Loss(config, self.net, dataset, seed=seed, device=device)
        self.image_order = ImageOrder(config, self.net, dataset, seed=seed, device=device)
        self.test_mask = input_mask(config.data.test_mask, self.net, dataset, self.tasks[0])
        self.optimizer = make_optimizer(self.net, self.recipe)
        if self.recipe.norm == "batch" and config.net.start_from != "random":
            self._make_norms_neutral()
        # What is validated and published: the net, or the average of its weights.
        self.average: WeightAverage | None = None
        self.published, self.validated = self.net, self.fast_net
        if self.recipe.ema_decay:
            self.average = WeightAverage(self.net, self.recipe.ema_decay)
            self.published = self.average.net
            self.validated = optimize_for_training(self.published, device, precision)

        self.state, self.loss_meter = TrainingState(), LossMeter()
        self.unread: list[UnreadLoss] = []  # which the meter lacks as yet
        self.stop_requested = threading.Event()
        self.others = OtherWork()
        if self.recipe.may_diverge:  # what is kept if it does before its first validation
            self.state.best_weights = self._snapshot()
        # What the training depends on: a saved state of anything else must not be resumed.
        self.identity: dict[str, Any] = {
            "config": config.model_dump(mode="json"),
            "data": dataset.digest(self.inputs),
            "code": fingerprint(Path(__file__)),
            "initial_weights": [sha256(path) for path in initial_weights],
            "seed": seed,
            "class_weights": {
                task: weights.tolist() for task, weights in self.loss.class_weights.items()
            },
        }

    def _make_norms_neutral(self) -> None:
        """Let the net begin with the function of its initial weights, by its first crops."""
        images, _ = self.image_order.computed_at_once(0)
        make_norms_neutral(self.net, self.net.normalise(to_device(images, self.device)))

    def fit(self, checkpoint: Path, curve: Path, *, resume: bool) -> None:
        """Train to the end and write checkpoint and learning curve."""
        set_precision(self.recipe.precision, self.device)
        keep_freed_memory()
        saved, running = saved_state_path(checkpoint), running_curve_path(checkpoint)
        for path in (checkpoint, curve, running):
            require_writable(path)
        if resume and saved.exists():
            self._restore_state(saved)
        try:
            self._train_until_stopped(checkpoint)
        except Diverged as error:
            # Without a single update it is the starting weights or the data that are broken.
            if not self.recipe.may_diverge or self.state.iteration == 0:
                raise
            log.warning("%s: ends here, as the recipe allows", error)
            if self.loss_meter.images >= self.recipe.batch_size:  # an update since the last record
                self._log()
        write_curve(curve, self.state.records, self.tasks)
        self._write_checkpoint(checkpoint)
        for path in (saved, running):
            remove(path)

    def _train_until_stopped(self, checkpoint: Path) -> None:
        """Train to the end, or save the state where a signal asks to stop."""
        try:
            with stop_requests() as self.stop_requested:
                self._train(checkpoint)
        except Stopped:
            self._save_state(saved_state_path(checkpoint))
            log.warning("asked to stop: saved iteration %d", self.state.iteration)
            raise

    def _train(self, checkpoint: Path) -> None:
        """Do the remaining iterations; log, validate and save now and then."""
        recipe, state, saved = self.recipe, self.state, saved_state_path(checkpoint)
        self.others = OtherWork()  # since it was resumed, if it was
        running = self._running_curve(checkpoint)
        first, last = state.iteration, recipe.iterations
        bar = progress(range(first, last), desc="training", total=last, initial=first, unit="it")
        saved_at = time.monotonic()
        with self.image_order.samples_from(state.iteration * recipe.batch_size) as samples:
            for _ in bar:
                self._train_step(samples)
                if is_logged(state.iteration, recipe):
                    record = self._log()
                    bar.set_postfix_str(
                        f"loss {record['loss_per_pixel']}/px, {record['images_per_second']} img/s",
                        refresh=False,
                    )
                elif state.iteration % READ_LOSSES_EVERY == 0:
                    self._read_losses()
                self._raise_if_stop_requested()
                if is_validation(state.iteration, recipe):
                    self._validate()
                if is_logged(state.iteration, recipe):
                    running.add(state.records[-1])
                is_due = time.monotonic() - saved_at >= 60 * self.save_minutes
                if is_due and state.iteration < last:  # then the checkpoint is written
                    self._save_state(saved)
                    saved_at = time.monotonic()

    def _running_curve(self, checkpoint: Path) -> RunningCurve:
        """The running curve, up to where the training is."""
        path, records = running_curve_path(checkpoint), self.state.records
        running = RunningCurve(path, curve_columns(self.tasks), self.recipe.iterations)
        if is_validation(self.state.iteration, self.recipe) and "mean_iu" not in records[-1]:
            running.restart(records[:-1])
            self._validate()  # the training was stopped in the middle of it
            running.add(records[-1])
        else:
            running.restart(records)
        return running

    def _train_step(self, samples: Iterator[Sample]) -> None:
        """One iteration: the gradients of a batch, image by image or at once, and an update."""
        start = time.monotonic()
        self.optimizer.scale_lr(lr_factor(self.state.iteration, self.recipe))
        at_once = self.recipe.images_at_once
        for _ in range(self.recipe.batch_size // at_once):
            loss, pixels = self._backward(*next(samples))
            self.unread.append(UnreadLoss(self.state.iteration + 1, loss, pixels, at_once))
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.state.iteration += 1
        if self.average:
            self.average.update(self.net, self.state.iteration)
        self.state.seconds += time.monotonic() - start

    def _backward(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[Tensor, int]:
        """Add the gradients of an image [C, H, W] and its labels [H, W] by task, or of a batch.

        Returns the loss, summed over pixels and tasks, and the number of these pixels. Nothing here
        may wait for the device.
        """
        images = image if image.dim() == 4 else image[None]
        scores_by_task = self._scores(to_device(images, self.device))
        losses, total, pixels = self.loss(scores_by_task, labels)
        torch.autograd.backward(losses)  # of their sum
        return total, pixels

    def _read_losses(self) -> None:
        """Add the unread losses to the meter, as far as they are finite.

        Raises:
            Diverged: One is not; the iteration and the meter are those before it.
        """
        start = time.monotonic()
        unread, self.unread = self.unread, []
        losses = torch.stack([each.loss for each in unread]).tolist() if unread else []
        self.state.seconds += time.monotonic() - start
        for (iteration, _, pixels, images), loss in zip(unread, losses, strict=True):
            if not math.isfinite(loss):
                self.state.iteration = iteration - 1
                self.optimizer.scale_lr(lr_factor(self.state.iteration, self.recipe))
                raise self._diverged(iteration, f"the loss is {loss}")
            self.loss_meter.add(loss, pixels, images=images)

    def _scores(self, image: Tensor) -> dict[str, Tensor]:
        """The scores [N, classes, H, W] of each task, of raw images [N, C, H, W]."""
        net = self.fast_net if self.net.training else self.validated
        return net.split(net(net.normalise(image)))

    def _diverged(self, iteration: int, reason: str) -> Diverged:
        self.state.diverged_at = iteration
        rate = self.recipe.learning_rate
        expected = f"expected a finite number (learning_rate {rate} too high?)"
        return Diverged(f"iteration {iteration}: {reason}; {expected}")

    def _raise_if_stop_requested(self) -> None:
        """Called only where the state is consistent and can be saved."""
        if self.stop_requested.is_set():
            raise Stopped

    def _validate(self) -> None:
        """Add the net's scores to the last log record, and keep the net if it is the best."""
        if not torch.stack([weights.isfinite().all() for weights in self.net.parameters()]).all():
            raise self._diverged(self.state.iteration, "a weight is not finite")
        split = self.validation_split
        first, *others = self.tasks
        counts = self._validation_counts(split)
        metrics = scores(counts[first])
        log.info(
            "iteration %d: mean IU %.4f on %s", self.state.iteration, metrics["mean_iu"], split
        )
        best = self.state.best_scores.get("mean_iu", -1.0)
        if not metrics["mean_iu"] <= best:  # the last weights where the score is no number
            self.state.best_iteration = self.state.iteration
            self.state.best_scores = dict(metrics)
            self.state.best_weights = self._snapshot()
        metrics |= {accuracy_column(task): pixel_accuracy(counts[task]) for task in others}
        self.state.records[-1] |= {name: round(value, 6) for name, value in metrics.items()}

    def _validation_counts(self, split: str) -> dict[str, Tensor]:
        """The confusion counts [classes, classes] of each task over a split."""

        def predict(image: Tensor) -> dict[str, Tensor]:
            self._raise_if_stop_requested()
            return {task: labels_of(each) for task, each in self._scores(image).items()}

        self._set_training(False)
        per_image = confusion_per_image(
            predict,
            self.dataset,
            split,
            inputs=self.inputs,
            tasks=self.tasks,
            device=self.device,
            mask=self.test_mask,
            workers=self.recipe.workers,
        )
        self._set_training(True)
        return {task: counts.sum(0) for task, counts in per_image.items()}

    def _set_training(self, training: bool) -> None:
        for net in (self.net, self.fast_net):  # which has copies of layers, each with its own mode
            net.train(training)

    def _log(self) -> LogRecord:
        """Add a log record of the images since the last one."""
        self._read_losses()
        record = self.loss_meter.record(
            iteration=self.state.iteration,
            batch_size=self.recipe.batch_size,
            seconds=self.state.seconds,
            learning_rate=self.optimizer.param_groups[0]["lr"],
        )
        self.state.records.append(record)
        self.loss_meter = LossMeter()
        return record

    def _snapshot(self) -> dict[str, Tensor]:
        """A copy of the published net's weights on the CPU."""
        state = self.published.state_dict()
        return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}

    def _present_state(self) -> SavedState:
        """All that is needed to resume with the same bits; tensors are not copied."""
        generators = {"cpu": torch.get_rng_state(), "loss": self.loss.generator.get_state()}
        if self.device.startswith("cuda"):
            generators[GPU_GENERATOR] = torch.cuda.get_rng_state(self.device)
        return SavedState(
            identity=self.identity,
            net=self.net.state_dict(),
            average=self.average.net.state_dict() if self.average else {},
            velocities=self.optimizer.velocities,
            generators=generators,
            training_state=self.state,
            loss_meter=self.loss_meter,
        )

    def _expected_state(self) -> Expected:
        return Expected(
            now=self._present_state(),
            velocities=[
                [self.optimizer.velocity_like(parameter) for parameter in group["params"]]
                for group in self.optimizer.param_groups
            ],
            recipe=self.recipe,
            columns=curve_columns(self.tasks),
        )

    def _save_state(self, path: Path) -> None:
        self._read_losses()
        write_state(path, self._present_state())

    def _restore_state(self, path: Path) -> None:
        """Resume from a saved state, unless it is damaged or of another training."""
        if saved := state_to_resume(path, self._expected_state()):
            self._resume_from(saved)
            log.info("resuming from iteration %d of %s", self.state.iteration, path)

    def _resume_from(self, saved: SavedState) -> None:
        self.net.load_state_dict(saved.net)
        if self.average:
            self.average.net.load_state_dict(saved.average)
        self.optimizer.resume_from(saved.velocities, saved.training_state.iteration)
        torch.set_rng_state(saved.generators["cpu"])
        self.loss.generator.set_state(saved.generators["loss"])
        # A state that was saved on a CPU has none: the seed's is kept.
        if self.device.startswith("cuda") and GPU_GENERATOR in saved.generators:
            torch.cuda.set_rng_state(saved.generators[GPU_GENERATOR], self.device)
        self.state, self.loss_meter = saved.training_state, saved.loss_meter

    def _write_checkpoint(self, path: Path) -> None:
        state = self.state
        checkpoint = Checkpoint(
            state=folded_state(self.net, state.best_weights),
            net=self.config.net,
            classes={task: self.dataset.info.tasks[task] for task in self.tasks},
            palette={task: self.dataset.info.palette[task] for task in self.tasks},
            inputs=tuple(self.inputs),
            best_iteration=state.best_iteration,
            scores=state.best_scores,
            seconds=state.seconds,
            loss=final_loss(state.records),
            settings={name: getattr(self.recipe, name) for name in get_args(Setting)},
            order=self.image_order.digest,
            diverged_at=state.diverged_at,
            provenance={
                **self.provenance,
                "diverged_at": state.diverged_at,
                "trained_beside": self.others.share(),
            },
        )
        write_checkpoint(path, checkpoint)
