"""What is hidden from nets: which pixels, and that nothing of them gets through."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.facts import FACTS
from fixtures.masking import VALUES
from fixtures.scenes import PLACES, ByChannel, write_model, write_places
from numpy.typing import NDArray
from PIL import Image

from fcnlib.config.schema import Net, Recipe, Training
from fcnlib.config.schema_data import Data, Mask
from fcnlib.core.errors import InputError
from fcnlib.datasets.masking import NO_MASK, InputMask, input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_tensor
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.inference.torchscript import load
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.weights.checkpoint import read_checkpoint, write_checkpoint
from fcnlib.report.figures.comparison import draw_comparison
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.inputs import masked_picture
from fcnlib.training.trainer import train

MASKS: tuple[Mask, ...] = ("foreground", "background", "shape")
LABEL = np.array([[0, 1, 255], [20, 0, 255]], np.uint8)
STACK = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
BLANK = (7.25, 8.5, 9.0)


@pytest.mark.parametrize(
    ("mask", "seen"),
    [
        ("foreground", [[True, False, False], [False, True, False]]),
        ("background", [[False, True, True], [True, False, True]]),
    ],
)
def test_hidden_pixels_are_blank_and_void_goes_with_the_objects(
    mask: Mask, seen: list[list[bool]]
) -> None:
    found = InputMask(mask, BLANK).applied(STACK, LABEL)
    for channel in range(3):
        expected = np.where(seen, STACK[channel], BLANK[channel])
        assert found[channel].tolist() == expected.tolist()


def test_a_shape_is_white_on_black_and_nothing_of_the_image() -> None:
    found = InputMask("shape", BLANK).applied(STACK, LABEL)
    assert found.tolist() == 3 * [[[0, 255, 255], [255, 0, 255]]]


def test_where_nothing_is_hidden_samples_are_untouched() -> None:
    assert NO_MASK.applied(STACK, LABEL) is STACK


def test_blank_pixels_are_zero_to_the_net_and_to_its_exported_file(
    lively_net: FCN, lively_model: Path
) -> None:
    assert lively_net.blank().tolist() == pytest.approx([123.9, 117.7, 101.3])
    assert torch.equal(load(lively_model).blank(), lively_net.blank())
    blank = lively_net.blank()[None, :, None, None].expand(1, 3, 4, 5)
    assert not lively_net.normalise(blank).any()


def test_blank_depth_is_in_millimetres() -> None:
    net = build_fcn(classes=3, input_channels=4, **VALUES)
    net.input_mean[3] = 7.5
    assert net.blank()[3].item() == pytest.approx(np.exp(7.5))
    assert net.normalise(net.blank()[None, :, None, None]).abs().max() < 1e-5


def hidden_by(mask: Mask, label: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels that a net must not depend on."""
    return {"foreground": label != 0, "background": label == 0, "shape": label >= 0}[mask]


@pytest.fixture(params=MASKS)
def repainted(request: pytest.FixtureRequest, world: Path, tmp_path: Path) -> tuple[Mask, Path]:
    """A mask, and the same world with other colours in all pixels that it hides."""
    mask: Mask = request.param
    shutil.copytree(world, tmp_path / "world")
    data, rng = PreparedDataset(tmp_path / "world"), np.random.default_rng(0)
    for name in {name for split in data.info.splits for name in data.ids(split)}:
        image = data.image(name).copy()
        hidden = hidden_by(mask, data.label(name))
        image[hidden] = rng.integers(0, 256, (hidden.sum(), 3))
        Image.fromarray(image).save(data.image_path(name).with_suffix(".png"))
        if data.image_path(name).suffix != ".png":
            data.image_path(name).unlink()
    return mask, tmp_path / "world"


def counts(lively_model: Path, world: Path, folder: Path, **options: Any) -> NDArray[np.int64]:
    files = {"metrics": folder / "0.json", "counts": folder / "0.npz"}
    split = {"split": "seg11valid", "device": "cpu", "facts": FACTS, "side": 32}
    evaluate(lively_model, dataset=world, **split, **files, **options)
    with np.load(files["counts"]) as file:
        return np.concatenate([file[key].ravel() for key in file.files if key != "ids"])


@pytest.mark.parametrize("foreground", [False, True])
def test_hidden_pixels_change_no_count(
    repainted: tuple[Mask, Path], world: Path, lively_model: Path, tmp_path: Path, foreground: bool
) -> None:
    mask, other = repainted
    options: dict[str, Any] = {"foreground": foreground}
    first, second = (
        counts(lively_model, each, tmp_path, mask=mask, **options) for each in (world, other)
    )
    assert (first == second).all()
    seen = counts(lively_model, other, tmp_path, **options)
    assert (seen != first).any(), "where nothing is hidden, they do"


def test_hidden_pixels_teach_nothing(
    repainted: tuple[Mask, Path], start: Path, tmp_path: Path
) -> None:
    mask, other = repainted
    world = tmp_path / "other"
    shutil.copytree(other, world)
    for path in (world / "images").glob("*.png"):
        image, label = np.array(Image.open(path)), PreparedDataset(world).label(path.stem)
        image[hidden_by(mask, label)] = 0
        Image.fromarray(image).save(path)
    both = {"train_mask": mask, "test_mask": mask}
    first, second, seen = (
        learnt(world, start, "0", **both),
        learnt(other, start, "1", **both),
        learnt(other, start, "2", test_mask=mask),
    )
    assert first["scores"] == second["scores"]
    assert all(torch.equal(first["state"][name], second["state"][name]) for name in first["state"])
    assert not torch.equal(first["state"]["conv1_1.weight"], seen["state"]["conv1_1.weight"])


@pytest.fixture
def start(lively_net: FCN, tmp_path: Path) -> Path:
    """A net to go on from that tells images apart, as an untrained one does not."""
    write_checkpoint(tmp_path / "start.pt", {"state": lively_net.state_dict()})
    return tmp_path / "start.pt"


def learnt(world: Path, start: Path, name: str, **masks: Any) -> Any:
    net = Net(backbone="vgg16", predict_from=("fc7",), start_from=("start",), **VALUES)
    checkpoint = start.with_name(f"{name}.pt")
    values = Training(
        data=Data(dataset="voc2011-sbd", test="seg11valid", **masks),
        net=net,
        recipe=Recipe(learning_rate=1e-8, iterations=3, validate_every=3, horizontal_flip=True),
    )
    where = {"checkpoint": checkpoint, "curve": checkpoint.with_suffix(".csv"), "device": "cpu"}
    train(values, dataset=world, start=[start], seed=0, provenance={}, **where)
    return read_checkpoint(checkpoint)


@pytest.mark.parametrize("mask", MASKS)
def test_the_snapshot_is_picked_on_what_the_test_shows(
    world: Path, start: Path, mask: Mask
) -> None:
    found = [learnt(world, start, m, test_mask=m) for m in ("none", mask)]
    assert torch.equal(*(each["state"]["conv1_1.weight"] for each in found))
    assert found[0]["scores"] != found[1]["scores"]


def test_labels_without_background_hide_nothing(tmp_path: Path) -> None:
    dataset = write_places(tmp_path / "places")
    model = write_model(
        tmp_path / "0.ts",
        ByChannel(0, 60, 4),
        inputs=["rgb"],
        classes={"semantic": PLACES["semantic"]},
    )
    with pytest.raises(InputError, match=r"mask shape: semantic begins with 'sky'; expected back"):
        input_mask("shape", load(model), PreparedDataset(dataset), "semantic")
    files = {"metrics": tmp_path / "0.json", "counts": tmp_path / "0.npz"}
    with pytest.raises(InputError, match=r"places: mask foreground: semantic begins with 'sky'"):
        evaluate(model, dataset=dataset, split="test", device="cpu", facts={}, mask="foreground",
                 **files)  # fmt: skip
    assert not files["metrics"].exists()


def test_a_sheet_shows_what_the_net_saw(world: Path, lively_model: Path, tmp_path: Path) -> None:
    for number, mask in enumerate(("none", "shape")):
        counts(lively_model, world, tmp_path, mask=mask)
        shutil.copy(tmp_path / "0.npz", tmp_path / f"counts{number}.npz")
    nets = [
        {"experiment": "a", "row": "Reference"},
        {"experiment": "b", "row": "Shape only", "mask": "shape"},
    ]
    info = tmp_path / "sheet.json"
    draw_comparison(
        {"name": "s", "title": "Sheet", "seed": 0, "images": 1, "nets": nets},
        models=2 * [lively_model],
        counts=[tmp_path / "counts0.npz", tmp_path / "counts1.npz"],
        dataset=world, image=info.with_suffix(".png"), info=info,
    )  # fmt: skip
    assert (
        "Image, Mask alone, Ground truth, Reference, Shape only (sees mask"
        in read_figure_info(info).alt
    )
    assert "0 to the net" in json.loads(info.read_text())["caption"]
    data = PreparedDataset(world)
    name = data.ids("seg11valid")[0]
    seen = masked_picture(
        data, name, "semantic", input_mask("shape", load(lively_model), data, "semantic")
    )
    label = data.label(name)
    assert (seen[..., 0] == np.where(label > 0, 255, 0)).all()


def test_what_is_hidden_is_drawn_in_the_nets_mean_colour(world: Path, lively_model: Path) -> None:
    data = PreparedDataset(world)
    name = data.ids("seg11valid")[0]
    hidden = input_mask("background", load(lively_model), data, "semantic")
    seen, image = masked_picture(data, name, "semantic", hidden), data.image(name)
    objects = ~hidden_by("background", data.label(name))
    assert (seen[objects] == image[objects]).all() and objects.any()
    assert (seen[~objects] == (124, 118, 101)).all()
    stack = hidden.applied(data.stack(name, ["rgb"]), data.label(name))
    assert as_tensor(stack).dtype == torch.float32
