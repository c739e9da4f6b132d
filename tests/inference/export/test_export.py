"""Nets in the formats of other runtimes: any size, equal to the net, with a card that works."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from fixtures.commands import fcn
from fixtures.exports import NAMES, write_net
from PIL import Image
from torch import Tensor

from fcnlib.core.errors import InputError
from fcnlib.inference.export.check import check_agreement
from fcnlib.inference.export.export import FORMATS, export
from fcnlib.inference.export.portable import PortableNet, example_image, output_names
from fcnlib.inference.export.programs import Run
from fcnlib.inference.exported import METADATA
from fcnlib.models.fcn import FCN, labels_of

PROGRAMS = (".onnx", ".pt2", ".ts")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


class Made:
    """A net and its exports beside each other."""

    def __init__(self, folder: Path, **values: Any) -> None:
        self.folder = folder
        self.net = write_net(folder / "net.pt", **values)
        self.exports = {end: export(folder / "net.pt", folder / f"net{end}") for end in PROGRAMS}

    def run(self, end: str) -> Run:
        return FORMATS[end].run(self.folder / f"net{end}", self.net)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


def sizes(side: int, *, pairs: bool = False) -> Iterator[tuple[int, int, int]]:
    """All remainders of 32 on both axes, each in turn or in pairs; one image, or two."""
    for i in range(32):
        others = range(32) if pairs else ()
        yield side + i, side + 7 * i % 32, 1
        yield side + 40, side + i, 2
        yield from ((side + i, side + j, 1) for j in others)


def raw(net: FCN, height: int, width: int, count: int) -> Tensor:
    example = example_image(net)
    shape = (count, example.shape[1], height, width)
    return torch.randint(0, 256, shape, dtype=example.dtype)


def assert_equal(net: FCN, run: Run, image: Tensor) -> None:
    with torch.inference_mode():
        expected = net.split(net(net.normalise(image)))
        found = run(image)
    assert list(found) == output_names(net)
    for task, scores in expected.items():
        end = f"_{task}" if len(expected) > 1 else ""
        apart = 1e-5 * (scores.max() - scores.min()).item() + 1e-6
        torch.testing.assert_close(found[f"scores{end}"], scores, rtol=0, atol=apart)
        labels = labels_of(found[f"scores{end}"].contiguous())
        assert torch.equal(found[f"labels{end}"], labels)
        assert (labels == labels_of(scores)).float().mean() > 0.999  # but for near-ties


@pytest.mark.parametrize("end", PROGRAMS)
def test_an_export_takes_images_of_every_remainder_of_the_stride_and_batches(
    made: Made, end: str
) -> None:
    run = made.run(end)
    for height, width, count in sizes(made.net.smallest_side):
        assert_equal(made.net, run, raw(made.net, height, width, count))


VARIANTS: dict[str, dict[str, Any]] = {
    "8s": {"predict_from": ("fc7", "pool4", "pool3"), "fc6_kernel": 3},
    "4s": {"predict_from": ("fc7", "pool4", "pool3", "pool2"), "fc6_kernel": 3},
    "8s of the published padding": {"predict_from": ("fc7", "pool4", "pool3"), "padding": None},
    "alexnet": {"backbone": "alexnet", "predict_from": ("fc7",), "padding": None},
    "googlenet": {
        "backbone": "googlenet",
        "predict_from": ("inception_5b/output",),
        "padding": None,
        "width": 1 / 8,
    },
    "late fusion": {"streams": ("color", "hha")},
    "depth": {"input_channels": 4},
    "two tasks and the maximum": {"tasks": {"semantic": 3, "geometric": 2}, "fusion": "max"},
    "a null background": {"predict_from": ("pool4",), "null_background": True},
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", VARIANTS)
def test_exports_of_every_kind_of_net_take_images_of_any_size(tmp_path: Path, name: str) -> None:
    made = Made(tmp_path, **VARIANTS[name])
    for end in PROGRAMS:
        run = made.run(end)
        for height, width, count in sizes(made.net.smallest_side, pairs=name == "8s"):
            assert_equal(made.net, run, raw(made.net, height, width, count))


def test_an_export_says_how_it_agrees_with_the_net(made: Made) -> None:
    side = made.net.smallest_side
    for done in made.exports.values():
        text = str(done.agreement)
        assert "labels equal" in text and f"{side} x {side}, {side + 31} x {side + 1}" in text
        assert done.agreement.difference < 1e-5


def test_classes_and_colours_are_in_each_formats_metadata(made: Made) -> None:
    model = onnx.load(made.folder / "net.onnx")
    extra: dict[str, Any] = {METADATA: ""}
    torch.export.load(made.folder / "net.pt2", extra_files=extra)
    script: dict[str, Any] = {METADATA: ""}
    torch.jit.load(made.folder / "net.ts", _extra_files=script)
    stored = {each.key: each.value for each in model.metadata_props}
    for text in (stored[METADATA], extra[METADATA], script[METADATA]):
        found = json.loads(text)
        assert found["classes"] == {"semantic": list(NAMES)}
        assert found["palette"]["semantic"][1] == [128, 0, 0]
        assert found["scores"] == {"mean_iu": 0.4321}


def test_an_export_tells_no_file_of_the_machine_that_made_it(made: Made) -> None:
    for end in PROGRAMS[:2]:
        content = (made.folder / f"net{end}").read_bytes()
        assert b"site-packages" not in content and b"portable.py" not in content


def snippets(card: str) -> dict[str, str]:
    """The code of a card, by the runtime."""
    return dict(re.findall(r"^([\w. ]+):\n\n```python\n(.*?)\n```", card, re.DOTALL | re.MULTILINE))


def run_without_fcnlib(code: str, folder: Path) -> np.ndarray[Any, Any]:
    hide = "import sys, numpy; sys.modules['fcnlib'] = None\n"
    save = "\nnumpy.save('labels.npy', numpy.asarray(labels))"
    command = [sys.executable, "-W", "ignore", "-c", hide + code + save]
    subprocess.run(command, cwd=folder, check=True)
    found: np.ndarray[Any, Any] = np.load(folder / "labels.npy")
    return found


def test_the_cards_five_lines_label_an_image_without_fcnlib(made: Made) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (45, 71, 3), np.uint8)
    Image.fromarray(pixels).save(made.folder / "photo.jpg", quality=95)
    with Image.open(made.folder / "photo.jpg") as photo:
        image = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None]
    expected = labels_of(made.net(made.net.normalise(image)))
    uses = snippets((made.folder / "net.md").read_text("utf-8"))
    assert list(uses) == ["ONNX Runtime", "torch.export", "TorchScript", "fcnlib"]
    ours = uses.pop("fcnlib")
    for code in uses.values():
        assert len(code.splitlines()) == 5
        assert np.array_equal(run_without_fcnlib(code, made.folder), expected)
    command = [sys.executable, "-W", "ignore", "-c", ours + "\nassert labels.shape == (45, 71)"]
    subprocess.run(command, cwd=made.folder, check=True)


def test_the_card_tells_data_scores_recipe_inputs_and_limits(made: Made) -> None:
    card = (made.folder / "net.md").read_text("utf-8")
    for text in (
        "**Trained on synthetic scenes.**",
        "split train of the data set street",
        "| mean iu | 43.2 |",
        "| learning rate | 1e-09 |",
        "| loss | `cross_entropy` |",
        "| seed | 3 |",
        r"| 1 | a\|b \* | #800000 |",
        "uint8 [N, 3, H, W]",
        "## Limits",
        "## Licence",
    ):
        assert text in card


def test_a_card_takes_the_place_of_no_other_file(tmp_path: Path) -> None:
    write_net(tmp_path / "net.pt")
    (tmp_path / "net.md").write_text("# My notes\n", "utf-8")
    with pytest.raises(InputError, match=r"net\.md: is there, and no model card"):
        export(tmp_path / "net.pt", tmp_path / "net.ts")
    assert (tmp_path / "net.md").read_text("utf-8") == "# My notes\n"
    assert not (tmp_path / "net.ts").exists()


def with_other_bias(net: FCN) -> FCN:
    """A copy of the net, one of whose classes has higher scores."""
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.get_parameter("score_pool3.bias")[1] += 0.5
    return other


def test_a_file_of_other_scores_is_not_taken_for_the_net(made: Made) -> None:
    module = PortableNet(with_other_bias(made.net))
    with pytest.raises(InputError, match=r"labels and .* of the scores' range differ"):
        check_agreement(made.net, module)
    with pytest.raises(InputError, match=r"expected the net's"):  # as of a size that was fixed
        check_agreement(made.net, lambda image: PortableNet(made.net)(image[:, :, :1, :1]))
    with pytest.raises(InputError, match=r"of 1 x 1: .*expected the net's"):  # as of no runtime
        check_agreement(made.net, made.net.get_submodule("conv1_1"))
    assert check_agreement(made.net, PortableNet(made.net)).near_ties == 0


def test_fcn_convert_exports_a_truncated_net_without_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_net(tmp_path / "net.pt", predict_from=("pool4",))
    code, text = fcn(capsys, "convert", tmp_path / "net.pt", "--out", tmp_path / "out.ts")
    assert code == 0 and "labels equal on" in text and "out.md: its model card" in text
    # And a model again, which is read without its code.
    code, text = fcn(capsys, "convert", tmp_path / "out.ts", "--out", tmp_path / "again.ts")
    assert code == 0 and (tmp_path / "again.ts").exists()


def test_fcn_convert_writes_a_caffemodel_that_gives_the_nets_scores(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_net(tmp_path / "net.pt", predict_from=("pool4", "pool3", "pool2"))
    code, text = fcn(capsys, "convert", tmp_path / "net.pt", "--out", tmp_path / "n.caffemodel")
    assert code == 0 and "labels equal on" in text


@pytest.mark.parametrize(
    ("out", "line"),
    [
        (["--out", "o.onnx", "--to", "fcn8s-vgg16"], r"o\.onnx: --to given; expected none for a"),
        (["--out", "o.pt2", "--classes", "c.txt"], r"o\.pt2: --classes given; expected none"),
        (["--out", "folder.onnx"], r"folder\.onnx: is a folder; expected a file to write"),
        (["--out", "o.tflite"], r"o\.tflite: \.tflite; expected \.pt or \.ts"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: list[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_net(Path("net.pt"))
    Path("folder.onnx").mkdir()
    error, _ = fcn(capsys, "convert", "net.pt", *out)
    assert re.search(line, str(error)) and "\n" not in str(error), error


def test_an_onnx_file_is_no_source_of_a_net(
    capsys: pytest.CaptureFixture[str], made: Made, tmp_path: Path
) -> None:
    """Whoever made it."""
    for command in (["convert", "--out", tmp_path / "o.ts"], ["info"]):
        error, _ = fcn(capsys, command[0], made.folder / "net.onnx", *command[1:])
        assert re.search(r"net\.onnx: is an ONNX model; expected", str(error)), error


def test_onnx_without_its_packages_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"onnxscript; expected .*pip install 'fcnlib\[export\]'"):
        export(tmp_path / "none.pt", tmp_path / "net.onnx")
