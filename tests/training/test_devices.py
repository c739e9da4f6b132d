"""A training on a GPU: every tensor is where it is computed with, also after a restart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.devices import tf32_flags
from fixtures.runs import RUN
from fixtures.tasks import training
from fixtures.training import (
    RECIPE_VARIANTS,
    equal_bits,
    saved_iteration,
    stops_at,
    train_net,
    training_config,
    weights_of,
)
from torch import Tensor

from fcnlib.config.schema_nets import Training
from fcnlib.core.errors import InputError
from fcnlib.core.stopping import Stopped
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import Machine, read_record
from fcnlib.inference.torchscript import export_checkpoint, export_torchscript, read_metadata
from fcnlib.models.weights.checkpoint import read_checkpoint
from fcnlib.training.trainer import Trainer

PROVENANCE = {"device": "cuda: pretended", "threads": 1, "precision": "tf32"}
ALL = {
    name: value
    for each in RECIPE_VARIANTS[:3] + RECIPE_VARIANTS[4:]
    for name, value in each.items()
}


def fit(dataset: Path, folder: Path, values: Training, *, device: str, stop: bool = False) -> Any:
    """A trainer that has trained, from a saved state where there is one."""
    folder.mkdir(exist_ok=True)
    make = stops_at(5) if stop else Trainer
    with torch.random.fork_rng():
        torch.manual_seed(0)
        trainer = make(values, PreparedDataset(dataset), [], seed=0, device=device, provenance={})
        try:
            trainer.fit(folder / "net.pt", folder / "net.csv", resume=True)
        except Stopped:
            assert saved_iteration(folder / "net.pt.resume") == 5
    return trainer


@pytest.mark.parametrize("recipe", [{}, RECIPE_VARIANTS[3], ALL | {"batch_size": 2}], ids=str)
def test_a_training_that_was_stopped_on_a_gpu_resumes_to_the_bits_of_one_that_was_not(
    world: Path, tmp_path: Path, pretended_gpu: None, recipe: dict[str, Any]
) -> None:
    values = training_config(**recipe)
    calm = fit(world, tmp_path / "calm", values, device="cuda")
    assert {each.device.type for each in calm.net.parameters()} == {"cuda"}
    fit(world, tmp_path, values, device="cuda", stop=True)
    fit(world, tmp_path, values, device="cuda")
    found, expected = (weights_of(folder / "net.pt") for folder in (tmp_path, tmp_path / "calm"))
    assert equal_bits(found, expected)
    assert {each.device.type for each in found.values()} == {"cpu"}


def test_a_training_of_several_inputs_and_tasks_resumes_on_a_gpu(
    rooms: PreparedDataset, tmp_path: Path, pretended_gpu: None
) -> None:
    values = training(("rgb", "depth"), net={"dropout": 0.5})
    for stop in (True, False):
        fit(rooms.root, tmp_path, values, device="cuda", stop=stop)
    assert read_checkpoint(tmp_path / "net.pt").best_iteration


class SeesPrecision(Trainer):
    """A trainer that notes in which precision it computes scores: to learn, and to validate."""

    def _scores(self, image: Tensor) -> dict[str, Tensor]:
        self.__dict__.setdefault("seen", set()).add((self.net.training, *tf32_flags()))
        return super()._scores(image)


@pytest.mark.parametrize(("recipe", "tf32"), [({}, False), ({"precision": "tf32"}, True)])
def test_a_gpu_trains_and_validates_in_the_recipes_precision_and_evaluates_in_fp32(
    world: Path,
    tmp_path: Path,
    pretended_gpu: None,
    recipe: dict[str, Any],
    tf32: bool,
) -> None:
    """PyTorch's own default is TF32 for convolutions, and fp32 for other products."""
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = True, False
    values = training_config(iterations=2, validate_every=1, **recipe)
    data = PreparedDataset(world)
    trainer: Any = SeesPrecision(values, data, [], seed=0, device="cuda", provenance=PROVENANCE)
    trainer.fit(tmp_path / "net.pt", tmp_path / "net.csv", resume=False)
    assert trainer.seen == {(True, tf32, tf32), (False, tf32, tf32)}
    torch.backends.cudnn.allow_tf32 = True
    evaluate(
        tmp_path / "net.pt",
        dataset=world,
        split="seg11valid",
        metrics=tmp_path / "net.json",
        counts=tmp_path / "net.npz",
        device="cuda",
        run=RUN,
    )
    assert tf32_flags() == (False, False)
    assert read_record(tmp_path / "net.json").trained_on == Machine.model_validate(PROVENANCE)


def test_a_recipe_of_tf32_is_refused_without_a_gpu(world: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="precision tf32 on cpu; expected a CUDA device, or fp32"):
        train_net(world, tmp_path, training_config(precision="tf32"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("first", "then"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_training_resumes_on_another_device(
    world: Path, tmp_path: Path, pretended_gpu: None, first: str, then: str
) -> None:
    values = training_config()
    fit(world, tmp_path, values, device=first, stop=True)
    resumed = fit(world, tmp_path, values, device=then)
    assert {each.device.type for each in resumed.net.parameters()} == {then}
    assert [record["iteration"] for record in resumed.state.records] == list(range(1, 13))


def test_a_net_from_a_gpu_is_exported_and_evaluated_there(
    world: Path, tmp_path: Path, pretended_gpu: None
) -> None:
    values = training_config(iterations=2, validate_every=1)
    data = values.data.model_copy(update={"train_mask": "background", "test_mask": "background"})
    trained = fit(world, tmp_path, values.model_copy(update={"data": data}), device="cuda")
    export_torchscript(trained.net, tmp_path / "gpu.ts", info=read_metadata(tmp_path / "net.pt"))
    assert {each.device.type for each in trained.net.parameters()} == {"cuda"}
    export_checkpoint(tmp_path / "net.pt", tmp_path / "net.ts")
    for number, model in enumerate(["net.pt", "net.ts", "gpu.ts"]):
        for device in ("cpu", "cuda"):
            evaluate(
                tmp_path / model,
                dataset=world,
                split="seg11valid",
                metrics=tmp_path / f"{number}.{device}.json",
                counts=tmp_path / f"{number}.{device}.npz",
                device=device,
                run=RUN,
                foreground=True,
                mask="background",
            )
        on_cpu, on_gpu = (
            np.load(tmp_path / f"{number}.{device}.npz")["semantic"] for device in ("cpu", "cuda")
        )
        assert np.abs(on_cpu - on_gpu).sum() < 1e-3 * on_cpu.sum()  # near-ties of other layers
