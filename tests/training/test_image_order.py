"""Which images come, how they are shifted, and which cells are drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.inputs import write_rooms
from fixtures.training import run as trained
from fixtures.training import training
from torch import Tensor

from fcnlib.core.generator import make_generator
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import Samples, shifted
from fcnlib.models.fcn import build_fcn
from fcnlib.models.geometry import Grid
from fcnlib.models.layers import Upscore
from fcnlib.models.weights.checkpoint import read_tensors
from fcnlib.training.cells import _cells, coarsest_cells, sampled_cells
from fcnlib.training.image_order import sample_order, sample_shifts
from fcnlib.training.trainer import Run


class Watched(Run):
    """A run that writes down what it sees."""

    def _learn(self, image: Tensor, labels: dict[str, Tensor]) -> tuple[float, float]:
        self.__dict__.setdefault("seen", []).append(image.clone())
        return super()._learn(image, labels)


def seen(world: Path, folder: Path, *, seed: int = 0, **recipe: Any) -> tuple[list[Tensor], str]:
    """The images of a run in their order, and the order's digest in its checkpoint."""
    values = training(validate_every=12, **recipe)
    run = Watched(values, PreparedDataset(world), [], seed=seed, device="cpu", provenance={})
    run.go(folder / "net.pt", folder / "net.csv", resume=False)
    return run.__dict__["seen"], str(read_tensors(folder / "net.pt")["order"])


def test_runs_of_as_many_images_see_the_same_sequence(world: Path, tmp_path: Path) -> None:
    """Table 2's: whatever the batch, the momentum, the rate, and what counts in the loss."""
    first, digest = seen(world, tmp_path, iterations=12)
    for recipe in (
        {"iterations": 4, "batch_size": 3, "momentum": 0.9},
        {"iterations": 1, "batch_size": 12, "learning_rate": 1e-9},
        {"iterations": 12, "workers": 1, "patch_keep_prob": 0.5, "score_init": "random"},
        {"iterations": 12, "class_weights": "inverse-frequency", "loss": "sigmoid"},
    ):
        images, again = seen(world, tmp_path, **recipe)
        assert again == digest
        assert len(images) == 12 and all(map(torch.equal, images, first))
    assert seen(world, tmp_path, iterations=12, random_shift=3, horizontal_flip=False)[1] == digest
    assert seen(world, tmp_path, iterations=12, seed=1)[1] != digest
    assert seen(world, tmp_path, iterations=11)[1] != digest


def test_jitter_changes_neither_order_nor_flips(world: Path, tmp_path: Path) -> None:
    plain, _ = seen(world, tmp_path, iterations=12)
    images, _ = seen(world, tmp_path, iterations=12, random_shift=4)
    shifts = sample_shifts(12, 4, seed=0).tolist()
    assert len({tuple(shift) for shift in shifts}) > 3
    for before, after, (down, right) in zip(plain, images, shifts, strict=True):
        inside = shifted(before.numpy(), down, right, 0)
        rows, columns = (np.roll(np.ones(side), 0) for side in before.shape[1:])
        rows[: max(0, down)] = columns[: max(0, right)] = 0
        rows[len(rows) + min(0, down) :] = columns[len(columns) + min(0, right) :] = 0
        there = np.outer(rows, columns).astype(bool)
        assert np.array_equal(after.numpy()[:, there], inside[:, there])
        assert len(np.unique(after.numpy()[:, ~there].T, axis=0)) <= 1  # one colour


def test_shifts_are_even_over_their_range_and_known_from_the_seed() -> None:
    shifts = sample_shifts(20000, 2, seed=5)
    assert torch.equal(shifts, sample_shifts(20000, 2, seed=5))
    assert not torch.equal(shifts, sample_shifts(20000, 2, seed=6))
    pairs = (shifts + 2) @ torch.tensor([5, 1])
    assert pairs.bincount().tolist() == pytest.approx([800] * 25, abs=150)
    assert not sample_shifts(10, 0, seed=5).any()


def test_streams_of_chance_differ_by_purpose_and_by_seed() -> None:
    first = [
        torch.rand(4, generator=make_generator(*key)) for key in ((0, "a"), (0, "b"), (1, "a"))
    ]
    assert len({tuple(each.tolist()) for each in first}) == 3
    assert torch.equal(first[0], torch.rand(4, generator=make_generator(0, "a")))


def test_a_shift_by_hand() -> None:
    label = np.arange(6).reshape(2, 3)
    assert shifted(label, 1, 0, 9).tolist() == [[9, 9, 9], [0, 1, 2]]
    assert shifted(label, 0, -1, 9).tolist() == [[1, 2, 9], [4, 5, 9]]
    assert shifted(label, -1, 2, 9).tolist() == [[9, 9, 3], [9, 9, 9]]
    assert shifted(label, 0, 0, 9).tolist() == label.tolist()
    for step in (2, 3, 40):
        assert (shifted(label, step, 0, 9) == 9).all() and (shifted(label, 0, -3, 9) == 9).all()


def test_a_shifted_sample_has_a_border_of_the_nets_mean_and_of_void(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path / "rooms")
    options: dict[str, Any] = {"inputs": ("rgb", "depth"), "tasks": ("semantic", "geometric")}
    blank = (100.4, 99.6, 12.0, 1800.7)
    image, labels = Samples(rooms, ["0"], [True], **options)[0]
    moved, truth = Samples(rooms, ["0"], [True], **options, shifts=[(3, -5)], blank=blank)[0]
    assert moved.dtype == image.dtype and moved.shape == image.shape
    assert torch.equal(moved[:, 3:, :-5], image[:, :-3, 5:])
    assert moved[:, 0, 7].tolist() == moved[:, 20, -1].tolist() == [100, 100, 12, 1801]
    for task, label in labels.items():
        assert torch.equal(truth[task][3:, :-5], label[:-3, 5:])
        assert (truth[task][:3] == 255).all() and (truth[task][:, -5:] == 255).all()


@pytest.mark.parametrize(
    "values",
    [
        {"predict_from": ["fc7"], "padding": 1, "fc6_kernel": 3},
        {"predict_from": ["fc7", "pool4", "pool3"]},
        {"predict_from": ["pool4"]},
        {"backbone": "alexnet", "predict_from": ["fc7"]},
        {"backbone": "googlenet", "predict_from": ["inception_5b/output"]},
        {"predict_from": ["fc7"], "streams": ("a", "b"), "input_channels": 6},
    ],
    ids=str,
)
def test_a_cells_block_is_where_its_score_is_strongest(values: dict[str, Any]) -> None:
    """Each cell alone is raised and interpolated: its pixels say so most."""
    net = build_fcn(width=1 / 32, classes=2, **values).eval()
    cells = coarsest_cells(dict(net.items()))
    stride, side = round(cells.stride), 128
    assert stride == (16 if values["predict_from"] == ["pool4"] else 32)
    ups = [layer for layer in net.values() if isinstance(layer, Upscore)]
    upscore = ups[0] if len(ups) == 1 else Upscore(2, stride)
    offset = round(-cells.upsampled(upscore.kernel_size[0], stride).start)
    count = side // stride + 8
    each = torch.eye(count).view(count, 1, count, 1).expand(-1, 2, -1, count)
    with torch.inference_mode():
        raised = upscore(each)[:, 0, offset : offset + side, 100]  # [cells, pixels]
    own = _cells(side, cells)
    own = own + raised[:, 0].argmax()
    torch.testing.assert_close(raised.gather(0, own[None])[0], raised.amax(0))


def test_cells_are_blocks_drawn_one_by_one() -> None:
    cells = Grid(stride=8, start=1.5)  # the first is pixels 0 to 5
    first = sampled_cells(30, 43, cells, share=0.5, generator=make_generator(0, "x"))
    rows, columns = [((torch.arange(side) + 2.5) / 8).long() for side in (30, 43)]
    state = make_generator(0, "x")
    drawn = torch.rand(4, 6, generator=state) < 0.5
    assert torch.equal(first, drawn[rows][:, columns])
    assert drawn.any() and not drawn.all()
    generator = make_generator(1, "x")
    shares = [
        sampled_cells(64, 64, cells, share=0.25, generator=generator).float().mean().item()
        for _ in range(400)
    ]
    assert sum(shares) / 400 == pytest.approx(0.25, abs=0.02)


def test_order_of_a_run_is_that_of_its_seed(world: Path, tmp_path: Path) -> None:
    """The stored order can be checked afterwards, from the data and the seed alone."""
    path = trained(world, tmp_path, training())
    data = PreparedDataset(world)
    order, _ = sample_order(len(data.ids("train")), 12, seed=0, mirror=False)
    run = Run(training(), data, [], seed=0, device="cpu", provenance={})
    assert run.course.names == [data.ids("train")[i] for i in order]
    assert read_tensors(path)["order"] == run.course.digest
