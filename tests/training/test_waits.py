"""A training on a GPU waits for it once in many iterations, and still names where it diverged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.tasks import training
from fixtures.training import (
    RECIPE_VARIANTS,
    checkpoint_content,
    equal_bits,
    make_trainer,
    read_curve,
    saved_iteration,
    stops_at,
    training_config,
)
from torch import Tensor

from fcnlib.config.schema_nets import Training
from fcnlib.core.stopping import Stopped
from fcnlib.core.transfer import to_device
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.training import trainer as trainer_module
from fcnlib.training.trainer import READ_LOSSES_EVERY, Diverged, Trainer

LONG = {"iterations": 4000, "validate_every": 4000}  # logged every 40 iterations
BROKEN = 26  # images before the first of a broken net: behind some losses that are read together


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x.sum().item(),
        lambda x: float(x.sum()),
        lambda x: bool((x > 0).all()),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: x.masked_select(x > 0),
        lambda x: x.where(x > 0, 0),
        lambda x: x.cpu(),
        lambda x: x.to("cpu"),
        lambda x: x.tolist(),
        lambda x: torch.zeros(3).copy_(x),
        lambda x: x.copy_(torch.zeros(3)),
        lambda _: torch.zeros(3).to("cuda"),
        lambda _: torch.zeros(3).to("cuda", non_blocking=True),  # not pinned
        lambda _: torch.zeros(3).pin_memory().to("cuda"),
        lambda _: torch.tensor([1.0], device="cuda"),
    ],
)
def test_the_pretended_gpu_is_waited_for_where_a_real_one_is(
    pretended_gpu: list[str], operation: Callable[[Tensor], object]
) -> None:
    x = torch.arange(-1, 2, device="cuda")
    operation(x)
    assert len(pretended_gpu) == 1
    torch.cuda.set_sync_debug_mode("error")
    with pytest.raises(RuntimeError, match="called a synchronizing CUDA operation"):
        operation(x)


def test_computing_and_pinned_copies_are_not_waited_for(pretended_gpu: list[str]) -> None:
    x = torch.arange(-1, 2, device="cuda")
    (x.where(x > 0, x + 1)[x.clamp(min=0)].masked_fill(x > 0, 3) * 2).sum()
    sent = to_device(torch.zeros(3), "cuda")
    assert sent.is_cuda and not pretended_gpu


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"workers": 2, "batch_size": 3},
        {"workers": 2, "precision": "bf16"},
        *RECIPE_VARIANTS,
    ],
    ids=str,
)
def test_iterations_wait_for_nothing_until_their_losses_are_read(
    world: Path, pretended_gpu: list[str], recipe: dict[str, Any]
) -> None:
    assert_no_waits(PreparedDataset(world), training_config(**{**recipe, **LONG}), pretended_gpu)


def test_iterations_of_two_tasks_and_depth_wait_for_nothing(
    rooms: PreparedDataset, pretended_gpu: list[str]
) -> None:
    assert_no_waits(rooms, training(("rgb", "depth"), **LONG), pretended_gpu)


def assert_no_waits(data: PreparedDataset, config: Training, waits: list[str]) -> None:
    trainer: Any = Trainer(config, data, [], seed=0, device="cuda", provenance={})
    with trainer.image_order.samples_from(0) as samples:
        torch.cuda.set_sync_debug_mode("error")
        for _ in range(READ_LOSSES_EVERY - 1):
            trainer._train_step(samples)
        torch.cuda.set_sync_debug_mode("default")
    waits.clear()
    trainer._read_losses()
    assert waits == ["copy from the GPU"]
    images = (READ_LOSSES_EVERY - 1) * config.recipe.batch_size
    assert trainer.loss_meter.images == images and trainer.loss_meter.loss > 0


def test_a_training_waits_once_for_the_losses_of_many_iterations(
    world: Path, tmp_path: Path, pretended_gpu: list[str]
) -> None:
    config, last = training_config(**LONG), 3 * READ_LOSSES_EVERY
    data, make = PreparedDataset(world), stops_at(last)
    trainer = make(config, data, [], seed=0, device="cuda", provenance={})
    pretended_gpu.clear()
    with pytest.raises(Stopped):
        trainer._train(tmp_path / "net.pt")
    assert pretended_gpu == ["copy from the GPU"] * 3
    assert [record["iteration"] for record in trainer.state.records] == [40]
    assert trainer.loss_meter.images == last - 40


class Breaks(Trainer):
    """A trainer whose net breaks before its 27th image, and that notes every loss at once."""

    def _backward(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[Tensor, int]:
        seen = self.__dict__.setdefault("seen", [])
        if len(seen) == BROKEN:
            torch.nn.init.constant_(self.net["score_fr"].bias, torch.inf)
        loss, pixels = super()._backward(image, labels)
        seen.append(loss.item())
        return loss, pixels


class BreaksAndStops(Breaks):
    """It is asked to stop, too, behind that and before its losses are read."""

    def _raise_if_stop_requested(self) -> None:
        if self.state.iteration * self.recipe.batch_size > BROKEN + self.recipe.batch_size:
            raise Stopped


def broken(
    world: Path, folder: Path, *, make: type[Trainer] = Breaks, minutes: float = 5, **recipe: Any
) -> Any:
    """A trainer that has diverged."""
    folder.mkdir(exist_ok=True)
    config, data = (
        training_config(**{**LONG, "learning_rate": 1e-8, **recipe}),
        PreparedDataset(world),
    )
    torch.manual_seed(0)  # of dropout
    trainer = make_trainer(data, config, trainer=make, save_minutes=minutes)
    trainer.fit(folder / "net.pt", folder / "net.csv", resume=False)
    return trainer


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("make", [Breaks, BreaksAndStops])
def test_the_first_iteration_whose_loss_is_not_finite_is_named(
    world: Path, tmp_path: Path, make: type[Trainer], batch_size: int
) -> None:
    """Even if it is asked to stop before it has seen that: what would be saved comes after it."""
    at = BROKEN // batch_size + 1
    with pytest.raises(Diverged, match=f"iteration {at}: the loss is nan; expected a finite"):
        broken(world, tmp_path, make=make, batch_size=batch_size)
    assert {path.name for path in tmp_path.iterdir()} == {"net.pt.running.csv"}


@pytest.mark.parametrize("batch_size", [1, 3])
def test_what_comes_after_a_divergence_is_in_nothing_that_is_kept(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    """The files are those of a training that reads every loss."""
    at, found = BROKEN // batch_size + 1, []
    values = {"batch_size": batch_size, "may_diverge": True, "lr_decay_start": 0.0}
    for name, every, make in (
        ("each", 1, Breaks),
        ("many", READ_LOSSES_EVERY, Breaks),
        ("stopped", READ_LOSSES_EVERY, BreaksAndStops),
    ):
        monkeypatch.setattr(trainer_module, "READ_LOSSES_EVERY", every)
        trainer = broken(world, tmp_path / name, make=make, **values)
        iterations = len(trainer.seen) / batch_size
        assert iterations == (at if every == 1 else iterations) and iterations >= at
        (row,) = read_curve(tmp_path / name / "net.csv")
        content = checkpoint_content(tmp_path / name / "net.pt")
        assert content["diverged_at"] == at == int(row["iteration"]) + 1
        assert float(row["loss"]) == pytest.approx(sum(trainer.seen[:BROKEN]) / BROKEN, rel=1e-5)
        assert not any(path.suffix == ".resume" for path in (tmp_path / name).iterdir())
        for column in ("seconds", "images_per_second"):
            del row[column]
        found.append((row, content["loss"], content["state"]))
    (row, loss, state), *others = found
    for other in others:
        assert other[:2] == (row, loss)
        assert equal_bits(other[2], state)
    assert all(bool(tensor.isfinite().all()) for tensor in state.values())


def test_no_state_is_saved_of_an_iteration_behind_a_divergence(world: Path, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=f"iteration {BROKEN + 1}: "):
        broken(world, tmp_path, minutes=0)
    assert saved_iteration(tmp_path / "net.pt.resume") == BROKEN
