"""Images with the depth and HHA that a net sees beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.images import png
from fixtures.inputs import TASKS, write_rooms
from fixtures.nets import with_random_weights
from PIL import Image
from typer.testing import CliRunner

from fcnlib.cli.main import app
from fcnlib.config.schema_data import CHANNELS
from fcnlib.core.errors import InputError
from fcnlib.datasets.hha.encode import NYUD_CAMERA, encode_hha
from fcnlib.datasets.images import voc_palette
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.inference.inputs import is_no_hha
from fcnlib.inference.model import load_model
from fcnlib.inference.model_info import ModelInfo
from fcnlib.inference.predict import predict
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.models.fcn import build_fcn

CLASSES = {task: list(names) for task, names in TASKS.items()}
PALETTE = {task: voc_palette()[: len(names)] for task, names in TASKS.items()}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> PreparedDataset:
    return write_rooms(tmp_path_factory.mktemp("rooms") / "rooms", train=3, test=2)


def model(folder: Path, inputs: Sequence[str], tasks: Sequence[str] = ("semantic",)) -> Path:
    heads = {task: len(CLASSES[task]) for task in tasks}
    streams = ["color", "hha"] if list(inputs) == ["rgb", "hha"] else []
    channels = sum(CHANNELS[name] for name in inputs)  # type: ignore[index]
    values: dict[str, Any] = {"input_channels": channels, "streams": streams, "padding": 1}
    net = build_fcn(predict_from=["fc7"], classes=heads, width=1 / 32, fc6_kernel=3, **values)
    with_random_weights(net)
    info = ModelInfo(
        inputs=tuple(inputs),
        classes={task: tuple(CLASSES[task]) for task in tasks},
        palette={task: PALETTE[task] for task in tasks},
    )
    export_torchscript(net, folder / "net.ts", info=info)
    return folder / "net.ts"


def labelled(
    rooms: PreparedDataset, path: Path, out: Path, *, hha: bool = False, **options: Any
) -> None:
    images = [str(rooms.root / ("hha" if hha else "images"))]
    list(predict(images, model=path, out=out, **options))


def folders(rooms: PreparedDataset, *names: str) -> dict[str, Path]:
    return {name: rooms.root / name for name in names}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("inputs", "tasks"),
    [
        (["rgb", "depth"], ["semantic"]),
        (["rgb", "hha"], ["semantic"]),
        (["hha"], ["semantic"]),
        (["rgb", "depth"], ["semantic", "geometric"]),
    ],
)
def test_labels_are_those_of_all_that_the_net_sees(
    rooms: PreparedDataset, tmp_path: Path, inputs: list[str], tasks: list[str], batch: int
) -> None:
    path = model(tmp_path, inputs, tasks)
    hha = inputs == ["hha"]
    options: dict[str, Any] = {"folders": folders(rooms, *inputs[1:]), "overlays": True}
    labelled(rooms, path, tmp_path / "out", hha=hha, batch=batch, probabilities=True, **options)
    net = load_model(path)
    for name in ("0", "4"):
        image = torch.from_numpy(rooms.stack(name, inputs))[None]
        shares = net.label_probabilities(image)
        for task in tasks:
            end = f".{task}" if len(tasks) > 1 else ""
            found = np.array(Image.open(tmp_path / "out" / f"{name}{end}.png"))
            each = shares[task]
            assert np.array_equal(found, each[0].argmax(0).numpy())
            with np.load(tmp_path / "out" / f"{name}{end}.npz") as file:
                stored = torch.from_numpy(file["probabilities"]).float()
            torch.testing.assert_close(stored, each[0], atol=1e-3, rtol=0)
            assert each[0].std((1, 2)).max() > 0.01  # it depends on what is seen
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert len(names) == 5 * 3 * len(tasks)


def test_depth_alone_is_taken_as_images(rooms: PreparedDataset, tmp_path: Path) -> None:
    path = model(tmp_path, ["depth"])
    images = [str(rooms.root / "depth" / "1.png")]
    list(predict(images, model=path, out=tmp_path / "out", overlays=True))
    stack = torch.from_numpy(rooms.stack("1", ["depth"]))[None]
    expected = load_model(path).labels(stack)["semantic"][0]
    assert np.array_equal(np.array(Image.open(tmp_path / "out" / "1.png")), expected.numpy())
    with Image.open(tmp_path / "out" / "1.overlay.png") as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("inputs", "given", "line"),
    [
        (["rgb", "depth"], [], r"net\.ts: sees rgb, depth; expected a folder of depth too"),
        (["rgb", "hha"], ["depth"], r"net\.ts: sees rgb, hha, .* expected no folder of depth"),
        (["rgb"], ["hha"], r"net\.ts: sees rgb, the first as images; expected no folder of hha"),
        (["hha"], ["hha"], r"net\.ts: sees hha, the first as images; expected no folder of hha"),
    ],
)
def test_folders_are_those_of_what_the_net_sees(
    rooms: PreparedDataset, tmp_path: Path, inputs: list[str], given: list[str], line: str
) -> None:
    path = model(tmp_path, inputs)
    with pytest.raises(InputError, match=line):
        labelled(rooms, path, tmp_path / "out", folders=folders(rooms, *given))
    with pytest.raises(InputError, match=r"none: no such folder; expected depth of the images"):
        path = model(tmp_path, ["rgb", "depth"])
        labelled(rooms, path, tmp_path / "out", folders={"depth": tmp_path / "none"})
    assert not (tmp_path / "out").exists()


def test_an_image_whose_depth_is_missing_or_of_another_kind_is_named_and_the_others_are_written(
    rooms: PreparedDataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    depth = tmp_path / "depth"
    depth.mkdir()
    good = rooms.depth("0")
    for name, pixels in {
        "0": good,
        "1": good[:-2],
        "2": np.zeros((*good.shape, 3), np.uint8),
        "3": (good // 16).astype(np.uint8),
    }.items():
        Image.fromarray(pixels).save(depth / f"{name}.png")
    path = model(tmp_path, ["rgb", "depth"])
    with pytest.raises(InputError, match="4 of 5 images have no labels"):
        labelled(rooms, path, tmp_path / "out", folders={"depth": depth})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.png"]
    images = rooms.root / "images"
    assert caplog.messages == [
        f"{depth}/1.png: 40 x 30 pixels, but its image {images}/1.png has 40 x 32",
        f"{depth}/2.png: is RGB, expected 16-bit depth in millimetres",
        f"{depth}/3.png: is L, expected 16-bit depth in millimetres",
        f"{images}/4.png: no depth of it; expected {depth}/4.png",
    ]


def test_depth_of_another_unit_or_with_holes_is_warned_of_once_each(
    rooms: PreparedDataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    depth = tmp_path / "depth"
    depth.mkdir()
    for name in "01234":
        Image.fromarray(rooms.depth(name) * np.uint16(10 if name in "12" else 1)).save(
            depth / f"{name}.png"
        )
    holes = rooms.depth("3").copy()
    holes[:2, :3] = 0
    Image.fromarray(holes).save(depth / "3.png")
    path = model(tmp_path, ["rgb", "depth"])
    labelled(rooms, path, tmp_path / "out", folders={"depth": depth}, batch=2)
    unit, zero = caplog.messages
    assert unit.startswith(f"{depth}/1.png (and 1 more): median depth ")
    assert unit.endswith("is the unit right?")
    assert zero == f"{depth}/3.png: depth 0 at 6 of 1280 pixels, expected filled depth"
    caplog.clear()
    list(predict([str(depth)], model=model(tmp_path, ["depth"]), out=tmp_path / "alone"))
    assert caplog.messages == [unit, zero]


@pytest.mark.parametrize("alone", [True, False])
def test_what_is_no_hha_is_named_and_the_others_are_labelled(
    rooms: PreparedDataset, tmp_path: Path, caplog: pytest.LogCaptureFixture, alone: bool
) -> None:
    hha = tmp_path / "hha"
    hha.mkdir()
    good = rooms.hha("0").clip(38)  # angles as HHA has them
    for name, pixels in {
        "0": good,
        "1": good[..., 0],
        "2": rooms.depth("2"),
        "4": np.dstack([good, good[..., 0]]),
    }.items():
        Image.fromarray(pixels).save(hha / f"{name}.png")
    png(hha / "3.png", (40, 32), 2, (bytes(1) + bytes(240)) * 32)  # 16 bits a colour
    images, folders = (hha, {}) if alone else (rooms.root / "images", {"hha": hha})
    path = model(tmp_path, ["hha"] if alone else ["rgb", "hha"])
    with pytest.raises(InputError, match="4 of 5 images have no labels"):
        list(predict([str(images)], model=path, out=tmp_path / "out", folders=folders))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.png"]
    kinds = {"1": "L", "2": "I;16", "3": "16 bits a colour", "4": "RGBA"}
    assert caplog.messages == [
        f"{hha}/{name}.png: is {kind}, expected HHA: RGB of 8 bits, as `fcn hha` writes it"
        for name, kind in kinds.items()
    ]


def test_labels_are_not_written_over_depth(rooms: PreparedDataset, tmp_path: Path) -> None:
    path, depth = model(tmp_path, ["rgb", "depth"]), tmp_path / "depth"
    depth.mkdir()
    for name in "01234":
        Image.fromarray(rooms.depth(name)).save(depth / f"{name}.png")
    before = (depth / "0.png").read_bytes()
    with pytest.raises(InputError, match=r"depth/0\.png: would be written over; expected another"):
        labelled(rooms, path, depth, folders={"depth": depth})
    assert (depth / "0.png").read_bytes() == before


def test_the_command_line_takes_both_folders(rooms: PreparedDataset, tmp_path: Path) -> None:
    path = model(tmp_path, ["rgb", "depth"])
    image, out = str(rooms.root / "images" / "0.png"), tmp_path / "out"
    arguments = ["predict", image, "--model", str(path), "--out", str(out), "--device", "cpu"]
    done = CliRunner().invoke(app, [*arguments, "--depth", str(rooms.root / "depth")])
    assert done.exit_code == 0 and f"1 label images in {out}" in done.output
    assert (out / "0.png").exists()
    refused = CliRunner().invoke(app, [*arguments, "--hha", str(rooms.root / "hha")])
    assert "expected no folder of hha" in str(refused.exception)


def test_only_what_is_certainly_no_hha_is_taken_for_none() -> None:
    rng = np.random.default_rng(0)
    depth = 3 + np.cumsum(rng.normal(0, 0.01, (60, 80)), axis=1)
    hha = encode_hha(depth, None, NYUD_CAMERA.reduced(8))
    assert not is_no_hha([hha])
    framed = np.pad(hha, ((9, 9), (9, 9), (0, 0)))  # unmeasured, as other encoders mark it
    assert not is_no_hha([framed]) and not is_no_hha([np.zeros_like(hha)])
    photograph = rng.integers(0, 256, (60, 80, 3), np.uint8)
    assert is_no_hha([photograph])
