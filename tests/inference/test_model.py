"""`load_model`: one class for every kind of file, for every kind of image."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fixtures.nets import with_random_weights
from PIL import Image
from torch import Tensor, nn

from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.voc import CLASSES
from fcnlib.datasets.images import voc_palette
from fcnlib.inference.convert import to_caffemodel
from fcnlib.inference.model import Model, load_model
from fcnlib.inference.torchscript import export_checkpoint
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.weights.checkpoint import (
    Checkpoint,
    read_checkpoint,
    read_tensors,
    write_checkpoint,
    write_tensors,
)

VALUES: dict[str, Any] = {"backbone": "vgg16", "predict_from": ("fc7", "pool4"), "width": 1 / 32}
TWO = {"semantic": ("a", "b", "c"), "geometric": ("flat", "steep")}


def trained(path: Path, classes: Any, inputs: tuple[str, ...] = ("rgb",), **values: Any) -> FCN:
    """Write the checkpoint of a net whose every layer counts; returns the net."""
    built = Net(**{**VALUES, **values})
    heads = {task: len(names) for task, names in classes.items()}
    net = with_random_weights(build_fcn(**built.model_dump(exclude={"start_from"}), classes=heads))
    palette = {task: voc_palette()[:count] for task, count in heads.items()}
    write_checkpoint(path, Checkpoint(net.state_dict(), built, classes, palette, inputs, 40))
    return net


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One net as a checkpoint, an exported model and a .caffemodel."""
    folder = tmp_path_factory.mktemp("files")
    paths = {suffix: folder / f"net.{suffix}" for suffix in ("pt", "ts", "caffemodel")}
    trained(paths["pt"], {"semantic": CLASSES}, padding=1)
    export_checkpoint(paths["pt"], paths["ts"])
    to_caffemodel(paths["pt"], paths["caffemodel"])
    return paths


def pixels(height: int = 37, width: int = 50, channels: int = 3) -> Any:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def test_every_kind_of_file_gives_the_same_labels_and_metadata(files: dict[str, Path]) -> None:
    models = {suffix: load_model(path) for suffix, path in files.items()}
    image = pixels()
    labels = {suffix: model.predict(image) for suffix, model in models.items()}
    assert labels["pt"].dtype == np.uint8 and labels["pt"].shape == (37, 50)
    assert len(np.unique(labels["pt"])) > 1
    for suffix, model in models.items():
        assert np.array_equal(labels[suffix], labels["pt"]), suffix
        assert model.info.classes == {"semantic": CLASSES} and model.info.inputs == ("rgb",)
        assert model.info.parameters == models["pt"].info.parameters
        assert model.info.net is not None and model.info.net.predict_from == ("fc7", "pool4")
    assert models["pt"].info == models["ts"].info
    assert models["pt"].info.best_iteration == 40
    assert models["caffemodel"].info.provenance == {"converted_from": "net.caffemodel"}


def test_labels_probabilities_and_scores_agree_with_the_net(tmp_path: Path) -> None:
    net = trained(tmp_path / "net.pt", {"semantic": CLASSES})
    model, image = load_model(tmp_path / "net.pt"), pixels()
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = net(net.normalise(batch))
    scores = model.scores(model.normalise(batch))
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    assert np.array_equal(model.predict(image), scores[0].argmax(0).numpy())
    shares = model.probabilities(image)
    assert isinstance(shares, np.ndarray) and shares.dtype == np.float32
    assert shares.shape == (21, 37, 50)
    np.testing.assert_allclose(shares, scores[0].softmax(0).numpy(), atol=1e-5)


@pytest.mark.parametrize("width", [1 / 32, 1 / 4])
def test_a_loaded_model_needs_its_file_no_more(tmp_path: Path, width: float) -> None:
    trained(tmp_path / "net.pt", {"semantic": CLASSES}, width=width)
    export_checkpoint(tmp_path / "net.pt", tmp_path / "net.ts")
    model, image = load_model(tmp_path / "net.ts"), pixels()
    expected = load_model(tmp_path / "net.pt").predict(image)
    maps = Path("/proc/self/maps")
    assert not maps.exists() or str(tmp_path / "net.ts") not in maps.read_text("utf-8")
    with open(tmp_path / "net.ts", "r+b") as file:  # in place, as a copy over it does
        file.write(bytes((tmp_path / "net.ts").stat().st_size))
    assert np.array_equal(model.predict(image), expected)


@pytest.mark.parametrize(
    "given",
    [
        lambda path: path,
        str,
        Image.open,
        lambda path: np.array(Image.open(path)),
    ],
    ids=["path", "name", "PIL", "array"],
)
def test_an_image_is_a_path_a_pil_image_or_an_array(
    files: dict[str, Path], tmp_path: Path, given: Callable[[Path], Any]
) -> None:
    Image.fromarray(pixels()).save(tmp_path / "image.png")
    model = load_model(files["ts"])
    assert np.array_equal(model.predict(given(tmp_path / "image.png")), model.predict(pixels()))


def test_a_turned_image_is_labelled_upright(files: dict[str, Path], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels()).save(tmp_path / "turned.png", exif=exif)
    model = load_model(files["ts"])
    expected = model.predict(np.rot90(pixels(), -1))
    assert np.array_equal(model.predict(tmp_path / "turned.png"), expected)
    assert np.array_equal(model.predict(Image.open(tmp_path / "turned.png")), expected)


def test_several_heads_give_a_result_by_task(tmp_path: Path) -> None:
    trained(tmp_path / "net.pt", TWO)
    model = load_model(tmp_path / "net.pt")
    labels, shares = model.predict(pixels()), model.probabilities(pixels())
    assert isinstance(labels, dict) and isinstance(shares, dict)
    assert list(labels) == list(shares) == ["semantic", "geometric"]
    assert shares["geometric"].shape == (2, 37, 50)
    for task in TWO:
        assert np.array_equal(labels[task], shares[task].argmax(0))


@pytest.mark.parametrize(
    ("image", "line"),
    [
        (np.zeros((9, 9), np.uint8), "an array of 9 x 9; expected height x width x 3"),
        (np.zeros((9, 9, 4), np.uint8), "an array of 9 x 9 x 4; expected height x width x 3"),
        (np.zeros((9, 9, 3)), "float64; expected uint8"),
        (np.zeros((0, 9, 3), np.uint8), "an array of 0 x 9 x 3"),
        ("none.png", r"none\.png: no such file"),
    ],
)
def test_an_image_that_does_not_fit_is_one_line(
    files: dict[str, Path], image: Any, line: str
) -> None:
    with pytest.raises(InputError, match=line) as error:
        load_model(files["ts"]).predict(image)
    assert "\n" not in str(error.value)


def test_depth_is_whole_numbers_behind_the_colours(tmp_path: Path) -> None:
    trained(tmp_path / "net.pt", {"semantic": CLASSES}, ("rgb", "depth"), input_channels=4)
    model = load_model(tmp_path / "net.pt")
    image = np.dstack([pixels(), np.full((37, 50), 2500)]).astype(np.int32)
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    assert np.array_equal(model.predict(image), model.labels(batch)["semantic"][0].numpy())
    with pytest.raises(InputError, match=r"sees rgb, depth; expected an array of 4 channels"):
        model.predict("image.png")
    with pytest.raises(InputError, match=r"float64; expected integers, depth in millimetres"):
        model.predict(image.astype(np.float64))


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    trained(tmp_path / "net.pt", {"semantic": CLASSES})
    with pytest.raises(InputError, match=r"^image: Tensor; expected a file, a PIL image or a Num"):
        load_model(tmp_path / "net.pt").predict(torch.zeros(9, 9, 3))  # type: ignore[arg-type]


def test_an_image_that_the_net_cannot_compute_is_one_line(tmp_path: Path) -> None:
    small = {"backbone": "alexnet", "predict_from": ("fc7",), "padding": 1}
    trained(tmp_path / "net.pt", {"semantic": CLASSES}, **small)
    with pytest.raises(InputError, match=r"^image of 1 x 1 pixels: expected at least \d+ a side$"):
        load_model(tmp_path / "net.pt").predict(np.zeros((1, 1, 3), np.uint8))


class Foreign(nn.Module):
    def forward(self, rgb: Tensor) -> Tensor:
        return rgb[:, 0] // 64


def test_a_model_of_another_origin_gives_its_labels_alone(tmp_path: Path) -> None:
    torch.jit.script(Foreign()).save(str(tmp_path / "net.ts"))
    model = load_model(tmp_path / "net.ts", trust=True)
    assert np.array_equal(model.predict(pixels()), pixels()[..., 0] // 64)
    assert not model.gives_probabilities and model.info.classes == {}
    for call in (
        lambda: model.probabilities(pixels()),
        lambda: model.scores(torch.zeros(1, 3, 9, 9)),
        model.blank,
    ):
        with pytest.raises(InputError, match=r"net\.ts: gives labels alone; expected"):
            call()


@pytest.mark.parametrize("name", ["none.pt", "none.ts", "none.caffemodel"])
def test_a_missing_file_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: .*o such file.*; expected a") as error:
        load_model(tmp_path / name)
    assert "\n" not in str(error.value)


def test_weights_that_are_no_checkpoint_of_a_net_are_one_line(tmp_path: Path) -> None:
    net = build_fcn(width=1 / 32)
    torch.save(net.state_dict(), tmp_path / "state.pt")
    torch.save({"state": net.state_dict()}, tmp_path / "classifier.pt")
    with pytest.raises(InputError, match=r"state\.pt: lacks state; expected"):
        load_model(tmp_path / "state.pt")
    with pytest.raises(InputError, match=r"classifier\.pt: lacks net, classes, palette; expected"):
        load_model(tmp_path / "classifier.pt")


@pytest.mark.parametrize(
    ("layer", "what"), [("fc6.weight", "lacks fc6.weight"), ("fc8.weight", "holds fc8.weight")]
)
def test_weights_of_another_net_than_the_file_tells_of_are_refused(
    files: dict[str, Path], tmp_path: Path, layer: str, what: str
) -> None:
    content = read_tensors(files["pt"])
    state = dict(read_checkpoint(files["pt"]).state)
    if layer in state:
        del state[layer]
    else:
        state[layer] = torch.zeros(1)
    write_tensors(tmp_path / "net.pt", {**content, "state": state})
    with pytest.raises(InputError, match=rf"net\.pt: {what}; expected the weights of the net"):
        load_model(tmp_path / "net.pt")


def test_where_and_how_a_model_computes_is_checked_first(files: dict[str, Path]) -> None:
    for device in ("gpu", "cuda:99", "cpu:x"):
        with pytest.raises(InputError, match=f"device '{device}': not available here") as error:
            load_model(files["pt"], device=device)
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="precision 'fp16'; expected one of: fp32, tf32, bf16"):
        load_model(files["pt"], precision="fp16")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="precision tf32 on cpu; expected a CUDA device, or fp32"):
        load_model(files["pt"], precision="tf32")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; expected a checkpoint"):
        load_model(tmp_path)


@pytest.mark.parametrize("suffix", ["pt", "ts", "caffemodel"])
def test_the_weights_are_read_once(files: dict[str, Path], suffix: str) -> None:
    """By what the system counts: the directory of the ZIP file is small beside them."""
    code = (
        "import sys; from pathlib import Path; from fcnlib.inference.model import load_model\n"
        "def read(): return int(Path('/proc/self/io').read_text().split()[1])\n"
        "load_model(sys.argv[1]); before = read(); load_model(sys.argv[2])\n"
        "print((read() - before) / Path(sys.argv[2]).stat().st_size)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(files[suffix]), str(files[suffix])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.2  # a mapped file counts as nothing


def test_the_labels_on_a_batch_are_on_the_models_device(files: dict[str, Path]) -> None:
    model = load_model(files["ts"])
    assert isinstance(model, Model) and model.device == "cpu"
    batch = torch.from_numpy(pixels()).permute(2, 0, 1)[None]
    assert model.labels(batch)["semantic"].device.type == "cpu"
    assert model.blank().shape == (3,)
