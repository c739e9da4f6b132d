"""`fcn convert`: the published nets' files as ours, and ours as theirs."""

import re
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.cli.main import main
from fcnlib.config.schema_nets import Net
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters import voc
from fcnlib.inference.convert import convert, converted, import_weights, to_caffemodel
from fcnlib.inference.model import load_model, read_net
from fcnlib.inference.torchscript import export_checkpoint, read_metadata
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import FCN, build_fcn
from fcnlib.models.graph import LayerGraph
from fcnlib.models.weights.caffemodel import (
    CaffeLayer,
    Generation,
    read_caffemodel,
    write_caffemodel,
)
from fcnlib.models.weights.checkpoint import (
    Checkpoint,
    read_checkpoint,
    read_tensors,
    write_checkpoint,
)
from fcnlib.models.weights.matching import load_matching
from fcnlib.models.weights.sources import read_weights
from fcnlib.models.weights.to_caffe import caffe_layers

THIN = 1 / 64
VOC = [104.00699, 116.66877, 122.67892]
NYUD = [116.190, 97.203, 92.318]
HHA = [132.431, 94.076, 118.477]
SIFT = [114.578, 115.294, 108.353]
TWO = {"semantic": 33, "geometric": 3}
STRIDES = {"32s": ("fc7",), "16s": ("fc7", "pool4"), "8s": ("fc7", "pool4", "pool3")}
# Every published file: what it is of, and the mean of its data.
ZOO: dict[str, tuple[str, dict[str, Any], list[float]]] = {
    "fcn32s-heavy-pascal": ("fcn32s-vgg16", {"classes": 21}, VOC),
    "fcn16s-heavy-pascal": ("fcn16s-vgg16", {"classes": 21}, VOC),
    "fcn8s-heavy-pascal": ("fcn8s-vgg16", {"classes": 21}, VOC),
    "fcn8s-atonce-pascal": ("fcn8s-vgg16", {"classes": 21, "skip_scales": (0.01, 0.0001)}, VOC),
    "fcn-alexnet-pascal": ("fcn32s-alexnet", {"classes": 21, "backbone": "alexnet"}, VOC),
    "nyud-fcn32s-color-heavy": ("fcn32s-vgg16", {"classes": 40}, NYUD),
    "nyud-fcn32s-hha-heavy": ("fcn32s-vgg16", {"classes": 40}, HHA),
    "nyud-fcn32s-color-hha-heavy": (
        "fcn32s-vgg16",
        {"classes": 40, "streams": ("color", "hha")},
        NYUD + HHA,
    ),
    **{f"siftflow-fcn{s}-heavy": (f"fcn{s}-vgg16", {"classes": TWO}, SIFT) for s in STRIDES},
    **{f"pascalcontext-fcn{s}-heavy": (f"fcn{s}-vgg16", {"classes": 60}, VOC) for s in STRIDES},
}
SEES = {"nyud-fcn32s-hha-heavy": ["hha"], "nyud-fcn32s-color-hha-heavy": ["rgb", "hha"]}
# The layers with weights, as the released net.py files name them.
TRUNK = [f"conv{b}_{i}" for b, n in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, n + 1)]
TRUNK += ["fc6", "fc7"]
NAMES = {
    "fcn32s-heavy-pascal": [*TRUNK, "score_fr", "upscore"],
    "fcn8s-atonce-pascal": [
        *(*TRUNK, "score_fr", "upscore2", "scale_pool4", "score_pool4", "upscore_pool4"),
        *("scale_pool3", "score_pool3", "upscore8"),
    ],
    "fcn-alexnet-pascal": [
        *("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "score_fr", "upscore")
    ],
    "nyud-fcn32s-color-hha-heavy": [
        *(f"{name}{stream}" for stream in ("color", "hha") for name in [*TRUNK, "score_fr"]),
        "upscore",
    ],
    "siftflow-fcn16s-heavy": [
        *TRUNK,
        *("score_fr_sem", "upscore2_sem", "score_pool4_sem", "upscore16_sem"),
        *("score_fr_geo", "upscore2_geo", "score_pool4_geo", "upscore16_geo"),
    ],
}


def random_net(net: Any, *, seed: int = 0) -> Any:
    """The net with weights under which every score counts, and a mean of its own."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in net.named_parameters():
        if not name.startswith("upscore"):
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
            nn.init.normal_(parameter, std=(2 / fan_in) ** 0.5, generator=generator)
    return net.eval()


def published(name: str, **changes: Any) -> FCN:
    to, values, _ = ZOO[name]
    finest = to.removeprefix("fcn").partition("-")[0]
    net = build_fcn(**{"predict_from": STRIDES[finest], "width": THIN, **values, **changes})
    return net if net.input_mean.is_meta else random_net(net)


SMALL = caffe_layers(published("fcn32s-heavy-pascal"))


def image_batch(channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (1, channels, 39, 50), dtype=torch.uint8, generator=generator)


def scores(net: LayerGraph) -> Tensor:
    with torch.inference_mode():
        return net(net.normalise(image_batch(len(net.input_order))))


@pytest.mark.parametrize("name", ZOO)
def test_every_published_file_gives_the_published_nets_scores(tmp_path: Path, name: str) -> None:
    to, _, mean = ZOO[name]
    net = published(name)
    net.input_mean.copy_(torch.tensor(mean))
    if mean == HHA:  # read as RGB
        net.input_order.copy_(torch.tensor([0, 1, 2]))
    elif len(mean) == 6:
        net.input_order[3:] = torch.tensor([3, 4, 5])
    layers = {n: layer for n, layer in caffe_layers(net).items() if layer.blobs}
    assert set(layers) == set(NAMES.get(name, layers))
    expected = scores(net)
    assert expected.std() > 0
    generations: list[Generation] = ["layer", "v1", "v0"]
    for generation in generations:
        write_caffemodel(tmp_path / f"{name}.caffemodel", layers, generation=generation)
        done = convert(tmp_path / f"{name}.caffemodel", to, tmp_path / "net.pt")
        assert done.net.state_dict().keys() == net.state_dict().keys()
        assert not done.matching.missing and not done.matching.unused
        assert torch.equal(scores(done.net), expected)
    content = read_checkpoint(tmp_path / "net.pt")
    assert list(content.inputs) == SEES.get(name, ["rgb"])
    assert {task: len(each) for task, each in content.classes.items()} == net.heads
    assert {task: len(each) for task, each in content.palette.items()} == net.heads


@pytest.mark.parametrize("name", ZOO)
def test_the_full_nets_have_as_many_numbers_as_the_published_files(name: str) -> None:
    with torch.device("meta"):
        net = published(name, width=1.0)
    floats = sum(scale.in_channels for scale in net.values() if getattr(scale, "scale", 1) != 1)
    for layer in net.values():
        own = sum(parameter.numel() for parameter in layer.parameters())
        floats += own * (layer.in_channels if isinstance(layer, nn.ConvTranspose2d) else 1)
    assert floats == ARCHIVES[f"{name}.caffemodel"].floats


@pytest.mark.parametrize("name", ZOO)
def test_a_net_of_ours_written_and_read_gives_the_same_scores(tmp_path: Path, name: str) -> None:
    """Also where it has its own mean and input scale and another padding than the published."""
    values = {**ZOO[name][1], "padding": 40, "fc6_kernel": 3}
    net = published(name, padding=40, fc6_kernel=3)
    net.input_mean.copy_(torch.linspace(90, 120, len(net.input_mean)))
    net.input_scale.fill_(1 / 64)
    names = {task: [f"{task} {i}" for i in range(n)] for task, n in net.heads.items()}
    kept = {k: v for k, v in values.items() if k != "classes"}
    finest = ZOO[name][0].removeprefix("fcn").partition("-")[0]
    built = Net(**{"backbone": "vgg16", "predict_from": STRIDES[finest], "width": THIN, **kept})
    sees = SEES.get(name, ["rgb"])
    write_checkpoint(tmp_path / "ours.pt", checkpoint(net, built, names, inputs=tuple(sees)))
    to_caffemodel(tmp_path / "ours.pt", tmp_path / "ours.caffemodel")
    done = convert(tmp_path / "ours.caffemodel", ZOO[name][0], tmp_path / "back.pt")
    assert torch.equal(scores(done.net), scores(net)) and scores(net).std() > 0
    assert done.net.input_scale == 1
    back = read_checkpoint(tmp_path / "back.pt")
    assert list(back.inputs) == sees
    assert {task: list(each) for task, each in back.classes.items()} == names


@pytest.mark.parametrize(
    ("to", "values"),
    [
        ("fcn32s-googlenet", {"predict_from": ("inception_5b/output",)}),
        ("fcn8s-alexnet", {"predict_from": ("fc7", "pool2", "pool1")}),
        ("fcn16s-vgg19", {"predict_from": ("fc7", "pool4")}),
        ("fcn32s-vgg16", {"predict_from": ("fc7",), "input_channels": 4}),
        (
            "fcn16s-vgg16",
            {"predict_from": STRIDES["16s"], "streams": ("color", "hha"), "skip_scales": (0.5,)},
        ),
    ],
)
def test_a_net_that_was_never_published_is_written_and_read(
    tmp_path: Path, to: str, values: dict[str, Any]
) -> None:
    backbone = to.partition("-")[2]
    net = random_net(build_fcn(backbone, classes=5, width=1 / 32, **values))
    net.input_mean.copy_(torch.linspace(90, 120, len(net.input_mean)))
    write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(net))
    done = convert(tmp_path / "net.caffemodel", to, tmp_path / "net.pt")
    assert torch.equal(scores(done.net), scores(net)) and scores(net).std() > 0


def test_bvlcs_alexnet_is_not_taken_for_caffenet(tmp_path: Path) -> None:
    layers = caffe_layers(random_net(build_classifier("alexnet", 7, width=1 / 32)))
    others = {"norm1": CaffeLayer(type="LRN"), "pool1": CaffeLayer(type="Pooling")}
    write_caffemodel(tmp_path / "net.caffemodel", {**layers, **others})
    with pytest.raises(InputError, match=r"normalises before it pools .* expected CaffeNet's"):
        convert(tmp_path / "net.caffemodel", "alexnet", tmp_path / "net.pt")
    write_caffemodel(tmp_path / "net.caffemodel", {**layers, **dict(reversed(others.items()))})
    assert convert(tmp_path / "net.caffemodel", "alexnet", tmp_path / "net.pt").matching.copied


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16", "vgg19", "googlenet"])
def test_a_classifiers_file_is_read_with_its_own_mean(tmp_path: Path, backbone: str) -> None:
    net = random_net(build_classifier(backbone, 11, width=1 / 32))
    layers = {n: layer for n, layer in caffe_layers(net).items() if layer.blobs}
    path = tmp_path / "classifier.caffemodel"
    write_caffemodel(path, {**layers, "loss1/fc": [np.ones((4, 4))]}, generation="v1")
    done = convert(path, backbone, tmp_path / "net.pt")
    assert done.matching.unused == ("loss1/fc.weight",)
    if backbone != "googlenet":  # which has no fully connected layer but the dropped one
        assert layers["fc6"].blobs[0].ndim == 2 and "fc6.weight" in done.matching.reshaped
    means = {"alexnet": VOC, "googlenet": [104, 117, 123]}
    expected = means.get(backbone, [103.939, 116.779, 123.68])
    assert done.net.input_mean.tolist() == pytest.approx(expected)
    window = torch.randn(1, 3, 227, 227)
    with torch.inference_mode():
        assert torch.equal(done.net(window), net(window))
    import_weights(path, backbone, tmp_path / "start.pt")
    start: Any = read_tensors(tmp_path / "start.pt")["state"]
    assert start["input_mean"].tolist() == pytest.approx(VOC)  # as the released FCNs subtract


def test_learned_upsampling_is_kept(tmp_path: Path) -> None:
    net = random_net(build_fcn(width=THIN, upsampling="learned"))
    with torch.no_grad():
        net["upscore2"].weight += torch.rand(net["upscore2"].weight.shape)
    write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(net))
    done = convert(tmp_path / "net.caffemodel", "fcn8s-vgg16", tmp_path / "net.pt")
    assert done.values is not None and done.values.upsampling == "learned"
    assert torch.equal(scores(done.net), scores(net))


def test_upsampling_that_our_net_cannot_do_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    layers = caffe_layers(published("fcn32s-heavy-pascal"))
    kernel = layers["upscore"].blobs[0]
    for change, line in {
        (0, 0): r"upscore.weight 21 x 1 x 64 x 64 is not our bilinear",
        (0, 1): r"upscore 21 x 21 x 64 x 64 mixes classes",
    }.items():
        other = kernel.copy()
        other[change] += 0.1
        write_caffemodel(path, {**layers, "upscore": [other]})
        with pytest.raises(InputError, match=line):
            convert(path, "fcn32s-vgg16", tmp_path / "net.pt")
    write_caffemodel(path, {**layers, "upscore": [kernel[:, :, :63, :63]]})
    with pytest.raises(InputError, match=r"expected 21 x 1 x 64 x 64"):
        convert(path, "fcn32s-vgg16", tmp_path / "net.pt")


def test_a_scale_must_be_one_constant(tmp_path: Path) -> None:
    layers = caffe_layers(published("fcn8s-atonce-pascal"))
    layers["scale_pool4"] = CaffeLayer([np.linspace(0.01, 0.02, 8)], "Scale")
    write_caffemodel(tmp_path / "net.caffemodel", layers)
    with pytest.raises(InputError, match=r"scale_pool4 scales by 0\.01 to 0\.02; expected one"):
        convert(tmp_path / "net.caffemodel", "fcn8s-vgg16", tmp_path / "net.pt")


def test_a_net_of_few_skips_is_found_in_a_file_of_more(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    write_caffemodel(path, caffe_layers(published("fcn8s-heavy-pascal")))
    done = convert(path, "fcn32s-vgg16", tmp_path / "net.pt")
    assert set(done.matching.unused) >= {"score_pool4.weight", "score_pool3.bias"}
    assert re.search(r"score_pool4\.weight +21 x 8 x 1 x 1 +- +left in the file", done.table())


def fcn(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    """The error's line, if any, and what was printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fcn", "convert", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
    return str(stop.value.code or ""), capsys.readouterr().out


def test_a_converted_model_predicts_under_its_classes_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    net = published("fcn8s-heavy-pascal")
    net.input_mean.copy_(torch.tensor(VOC))
    path = tmp_path / "fcn8s-heavy-pascal.caffemodel"
    write_caffemodel(path, {n: layer.blobs for n, layer in caffe_layers(net).items()})
    error, text = fcn(capsys, path, "--to", "fcn8s-vgg16", "--out", tmp_path / "net.ts")
    assert not error and "score_pool3.bias" in text
    assert "36 copied, 3 bilinear in both" in text and "(104.007, 116.669, 122.679)" in text
    assert read_metadata(tmp_path / "net.ts").classes == {"semantic": voc.CLASSES}
    assert read_metadata(tmp_path / "net.ts").inputs == ("rgb",)
    expected = scores(net).argmax(1).to(torch.uint8)
    assert torch.equal(load_model(tmp_path / "net.ts").labels(image_batch())["semantic"], expected)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, "net.ts"]


def test_class_names_come_from_a_file(tmp_path: Path) -> None:
    path, names = tmp_path / "net.caffemodel", tmp_path / "names.txt"
    write_caffemodel(path, caffe_layers(published("siftflow-fcn32s-heavy")))
    names.write_text("".join(f"n{i}\n" for i in range(36)), "utf-8")
    convert(path, "fcn32s-vgg16", tmp_path / "net.pt", classes=names)
    classes: Any = read_tensors(tmp_path / "net.pt")["classes"]
    assert list(classes) == ["semantic", "geometric"] and classes["geometric"][0] == "n33"
    names.write_text("one\n", "utf-8")
    with pytest.raises(InputError, match=r"names\.txt: 1 classes; expected 36"):
        convert(path, "fcn32s-vgg16", tmp_path / "net.pt", classes=names)


def test_class_names_and_colours_come_by_task(tmp_path: Path) -> None:
    """As a data set has them, whose tasks may be more than the net's."""
    path = tmp_path / "net.caffemodel"
    write_caffemodel(path, caffe_layers(published("siftflow-fcn32s-heavy")))
    names = {"light": ["on"], "geometric": ["sky", "flat", "steep"], "semantic": ["a"] * 33}
    palette = {task: [(i, 9, 9) for i in range(len(each))] for task, each in names.items()}
    options: dict[str, Any] = {"classes": names, "palette": palette}
    convert(path, "fcn32s-vgg16", tmp_path / "net.ts", **options)
    metadata = read_metadata(tmp_path / "net.ts")
    assert list(metadata.classes) == ["semantic", "geometric"]
    assert list(metadata.classes["geometric"]) == names["geometric"]
    assert metadata.palette["geometric"] == ((0, 9, 9), (1, 9, 9), (2, 9, 9))
    for line, wrong in {
        "classes of semantic; expected geometric too": {"semantic": ["a"] * 33},
        "classes: 2 of geometric; expected 3": {**names, "geometric": ["sky", "flat"]},
    }.items():
        with pytest.raises(InputError, match=line):
            convert(path, "fcn32s-vgg16", tmp_path / "new.ts", classes=wrong)
    assert not (tmp_path / "new.ts").exists()


@pytest.mark.parametrize(
    ("change", "to", "line"),
    [
        ("cut", "fcn8s-vgg16", r"n\.caffemodel: byte \d+: a field of .* \(is the file cut\?\)"),
        ("html", "fcn8s-vgg16", r"n\.caffemodel: byte 0: is a web page; expected a \.caffemodel"),
        ("", "fcn8s-vgg17", r"'fcn8s-vgg17'; expected fcn32s-, fcn16s- or fcn8s- and a backbone"),
        ("", "fcn8s-googlenet", r"n\.caffemodel: no inception_.* expected the layers of googlenet"),
        ("", "fcn8s-vgg19", r"n\.caffemodel: lacks conv3_4.weight and 5 more; expected all of"),
        ("", "vgg16", r"n\.caffemodel: lacks fc8; expected a classifier"),
        ("shape", "fcn8s-vgg16", r"conv3_1.weight is 4 x 2 x 3 x 5; expected 4 x 2 x 3 x 3"),
        ("nan", "fcn8s-vgg16", r"n\.caffemodel: fc7.bias is not finite"),
        ("unscored", "fcn8s-vgg16", r"n\.caffemodel: lacks score_fr; expected a segmentation net"),
        ("unskipped", "fcn8s-vgg16", r"n\.caffemodel: lacks score_pool4.weight and 1 more"),
        ("wide", "fcn8s-vgg16", r"fc6.weight is 8192 x 1; expected 1 to 4096 outputs"),
        ("deep", "fcn8s-vgg16", r"data layer .*; expected a mean for each channel"),
        ("mean", "fcn8s-vgg16", r"data layer \"\{'mean': 3\}\"; expected a mean for each channel"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: str, to: str, line: str
) -> None:
    path, out = tmp_path / "n.caffemodel", tmp_path / "net.pt"
    layers = {**caffe_layers(published("fcn8s-heavy-pascal"))}
    if change == "shape":
        _, bias = layers["conv3_1"].blobs
        layers["conv3_1"] = CaffeLayer([np.ones((4, 2, 3, 5)), bias])
    elif change == "nan":
        layers["fc7"] = CaffeLayer([layers["fc7"].blobs[0], np.full(64, np.nan)])
    elif change == "wide":
        layers["fc6"] = CaffeLayer([np.ones((8192, 1))])
    elif change == "deep":
        layers["data"] = CaffeLayer(settings="{'mean': " + 4000 * "-" + "1}")
    elif change == "mean":
        layers["data"] = CaffeLayer(settings="{'mean': 3}")
    elif change.startswith("un"):
        del layers["score_fr" if change == "unscored" else "score_pool4"]
    write_caffemodel(path, layers)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-1000])
    elif change == "html":
        path.write_bytes(b"<html>404")
    error, _ = fcn(capsys, path, "--to", to, "--out", out)
    assert re.search(line, error), error
    assert not out.exists()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=5),
    st.booleans(),
)
def test_a_damaged_file_converts_or_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int]], in_front: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.caffemodel"
    write_caffemodel(path, SMALL)
    content = bytearray(path.read_bytes())
    for at, byte in edits:
        content[at % (2000 if in_front else len(content))] = byte
    path.write_bytes(content)
    try:
        converted(read_weights(path), "fcn32s-vgg16", path)
    except InputError as error:
        assert "\n" not in str(error)


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"net\.onnx: \.onnx; expected \.pt or \.ts"):
        convert(tmp_path / "a.caffemodel", "vgg16", tmp_path / "net.onnx")


def test_what_a_caffemodel_cannot_hold_is_not_written(tmp_path: Path) -> None:
    values = Net(backbone="vgg16", predict_from=("fc7",), width=THIN, null_background=True)
    net = build_fcn(predict_from=["fc7"], width=THIN, null_background=True)
    write_checkpoint(tmp_path / "net.pt", checkpoint(net, values, {"semantic": [""] * 21}))
    with pytest.raises(InputError, match=r"net\.pt: a null background"):
        to_caffemodel(tmp_path / "net.pt", tmp_path / "net.caffemodel")
    # But converted as a checkpoint, it keeps it.
    done = convert(tmp_path / "net.pt", "fcn32s-vgg16", tmp_path / "again.pt")
    assert isinstance(done.net, FCN) and sum(done.net.heads.values()) == 21


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"streams": ("left", "right"), "predict_from": ("fc7",), "input_channels": 6}, "streams"),
    ],
)
def test_what_would_not_be_read_back_is_not_written(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    ours(tmp_path / "net.pt", **values)
    with pytest.raises(InputError, match=message):
        to_caffemodel(tmp_path / "net.pt", tmp_path / "net.caffemodel")
    assert not (tmp_path / "net.caffemodel").exists()


@pytest.mark.parametrize(
    "layers", [("pool5",), ("pool4",), ("fc7", "pool3"), ("fc7", "pool4", "pool3", "pool2")]
)
def test_nets_that_no_published_one_is_like_are_written_and_read(
    tmp_path: Path, layers: tuple[str, ...]
) -> None:
    ours(tmp_path / "net.pt", predict_from=layers)
    to_caffemodel(tmp_path / "net.pt", tmp_path / "net.caffemodel")
    convert(tmp_path / "net.caffemodel", "", tmp_path / "back.pt")
    nets = [read_net(tmp_path / name)[0].eval() for name in ("net.pt", "net.caffemodel", "back.pt")]
    found = [scores(net) for net in nets]
    assert found[0].std() > 0 and all(torch.equal(each, found[0]) for each in found)


@pytest.mark.parametrize("heads", [{"geometric": 3}, {"geometric": 3, "materials": 5}])
def test_other_tasks_than_the_semantic_one_are_written_and_read(
    tmp_path: Path, heads: dict[str, int]
) -> None:
    values = Net(backbone="vgg16", width=THIN, predict_from=STRIDES["16s"])
    net = random_net(build_fcn(**values.model_dump(exclude={"start_from"}), classes=heads))
    names = {task: tuple(f"{task} {i}" for i in range(n)) for task, n in heads.items()}
    write_checkpoint(tmp_path / "net.pt", checkpoint(net, values, names))
    to_caffemodel(tmp_path / "net.pt", tmp_path / "net.caffemodel")
    for file in ("net.caffemodel", "net.pt"):
        done = convert(tmp_path / file, "fcn16s-vgg16", tmp_path / "back.pt")
        assert torch.equal(scores(done.net), scores(net)) and scores(net).std() > 0
        assert read_checkpoint(tmp_path / "back.pt").classes == names


def test_the_input_of_depth_is_listed_as_a_logarithm(tmp_path: Path) -> None:
    net = ours(tmp_path / "net.pt", predict_from=("fc7",), input_channels=4)
    net.input_mean.copy_(torch.tensor([1.0, 2, 3, 7]))
    write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(net))
    done = convert(tmp_path / "net.caffemodel", "fcn32s-vgg16", tmp_path / "back.pt")
    assert done.table().splitlines()[-1] == (
        "input: (bytes of channels 2, 1, 0, logarithm of the millimetres of channel 3 "
        "- (1.000, 2.000, 3.000, 7.000)) x 1"
    )


def test_the_dense_kernels_are_caffes(tmp_path: Path) -> None:
    write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(published("fcn32s-heavy-pascal")))
    kernel = read_caffemodel(tmp_path / "net.caffemodel")["upscore"][0]
    assert kernel.shape == (21, 21, 64, 64) and np.count_nonzero(kernel) == 21 * 64 * 64
    up = nn.ConvTranspose2d(21, 21, 64, stride=32, bias=False)
    up.weight.data = torch.from_numpy(kernel)
    coarse = torch.randn(1, 21, 3, 4)
    ours = published("fcn32s-heavy-pascal")["upscore"]
    torch.testing.assert_close(up(coarse), ours(coarse))
    assert load_matching({"fc7.bias": torch.ones(64)}, published("fcn32s-heavy-pascal")).copied


def checkpoint(net: FCN, values: Net, classes: Any, **other: Any) -> Checkpoint:
    """The net's checkpoint; its inputs are those that a net of so many channels has."""
    sees = {1: ("depth",), 3: ("rgb",), 4: ("rgb", "depth"), 6: ("rgb", "hha")}
    content = {"inputs": sees[len(net.input_mean)], **other}
    return Checkpoint(net.state_dict(), values, classes, **content)


def ours(path: Path, **values: Any) -> FCN:
    """Write a trained net's checkpoint; returns its net."""
    built = Net(**{"backbone": "vgg16", "width": THIN, "predict_from": STRIDES["8s"], **values})
    net: FCN = random_net(build_fcn(**built.model_dump(exclude={"start_from"}), classes=21))
    content = checkpoint(
        net,
        built,
        {"semantic": tuple(f"soil {i}" for i in range(21))},
        palette={"semantic": tuple((i, 0, 255 - i) for i in range(21))},
        best_iteration=400,
        scores={"mean_iu": 50.0},
        seconds=12.5,
        provenance={"device": "cpu"},
    )
    write_checkpoint(path, content)
    return net


@pytest.mark.parametrize(("to", "kept"), [("fcn8s-vgg16", True), ("fcn32s-vgg16", False)])
def test_scores_stay_with_the_net_that_they_are_of(tmp_path: Path, to: str, kept: bool) -> None:
    ours(tmp_path / "net.pt")
    convert(tmp_path / "net.pt", to, tmp_path / "new.pt")
    content = read_checkpoint(tmp_path / "new.pt")
    assert content.scores == ({"mean_iu": 50.0} if kept else {})
    assert content.best_iteration == (400 if kept else None)
    assert content.classes["semantic"][1] == "soil 1"


@pytest.mark.parametrize(
    "values", [{}, {"predict_from": ("fc7", "pool3")}, {"predict_from": ("fc7", "pool2")}]
)
def test_a_checkpoint_of_ours_is_exported_without_being_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, values: dict[str, Any]
) -> None:
    """As the workflow exports it: with all that is known of its training."""
    ours(tmp_path / "net.pt", **values)
    error, _ = fcn(capsys, tmp_path / "net.pt", "--out", tmp_path / "net.ts")
    assert not error
    export_checkpoint(tmp_path / "net.pt", tmp_path / "workflow.ts")
    first, second = (load_model(tmp_path / name) for name in ("net.ts", "workflow.ts"))
    assert first.info == second.info and first.info.seconds == 12.5
    image = image_batch().float()
    assert torch.equal(first.scores(image), second.scores(image))


@pytest.mark.parametrize("name", ZOO)
def test_a_published_net_is_inferred_from_its_layers(tmp_path: Path, name: str) -> None:
    net, path = published(name), tmp_path / f"{name}.caffemodel"
    write_caffemodel(path, {n: layer for n, layer in caffe_layers(net).items() if layer.blobs})
    done = convert(path, "", tmp_path / "net.ts")
    assert torch.equal(scores(done.net), scores(convert(path, ZOO[name][0], tmp_path / "b.ts").net))
    assert (
        done.values is not None
        and done.values.predict_from == STRIDES[ZOO[name][0].removeprefix("fcn").partition("-")[0]]
    )


def test_a_net_with_a_layer_of_detail_is_inferred_from_its_layers(tmp_path: Path) -> None:
    layers = (*STRIDES["8s"], "pool2")
    net = ours(tmp_path / "net.pt", predict_from=layers)
    path = tmp_path / "net.caffemodel"
    write_caffemodel(path, {n: layer for n, layer in caffe_layers(net).items() if layer.blobs})
    done = convert(path, "", tmp_path / "net.ts")
    assert done.values is not None and done.values.predict_from == layers
    assert torch.equal(scores(done.net), scores(net))


def test_layers_of_no_known_net_are_to_be_named(tmp_path: Path) -> None:
    write_caffemodel(tmp_path / "net.caffemodel", {"ip1": [np.ones((4, 2)), np.ones(4)]})
    with pytest.raises(
        InputError, match=r"net\.caffemodel: layers of none of .*`fcn convert --to`"
    ):
        convert(tmp_path / "net.caffemodel", "", tmp_path / "net.pt")


def test_names_and_colours_of_classes_are_written_and_read(tmp_path: Path) -> None:
    net = ours(tmp_path / "net.pt")
    to_caffemodel(tmp_path / "net.pt", tmp_path / "net.caffemodel")
    convert(tmp_path / "net.caffemodel", "fcn8s-vgg16", tmp_path / "back.ts")
    metadata = read_metadata(tmp_path / "back.ts")
    assert metadata.classes["semantic"][20] == "soil 20"
    assert metadata.palette["semantic"][20] == (20, 0, 235)
    layers = caffe_layers(net)
    for settings_, line in {
        '{"classes": {"semantic": ["a"]}}': r"classes of {'semantic': 1}; expected {'sem",
        '{"classes": ["a"]}': "damaged",
        '{"classes": {"semantic": [1]}}': "damaged",
        '{"palette": {"semantic": [[1, 2, 256]]}}': "damaged",
        '{"inputs": [1]}': "damaged",
        '{"inputs": ["rgb", "hha"]}': r"sees \['rgb', 'hha'\]; expected inputs of 3 channels",
        '{"inputs": ["sound"]}': r"sees \['sound'\]; expected inputs of 3 channels in all",
        "[" * 5000: "damaged",
    }.items():
        label = {"fcnlib_labels": CaffeLayer(type="Python", settings=settings_)}
        write_caffemodel(tmp_path / "bad.caffemodel", {**layers, **label})
        with pytest.raises(InputError, match=line):
            convert(tmp_path / "bad.caffemodel", "fcn8s-vgg16", tmp_path / "back.pt")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ([0.01], r"n\.pth: 1 skip scales given; expected 2 \(pool4, pool3\)"),
        *(([scale, 1], "expected more than 0, at most") for scale in (0, -1, 1e300, float("nan"))),
    ],
)
def test_skip_scales_are_as_many_as_skips_and_sane(
    tmp_path: Path, given: list[float], line: str
) -> None:
    torch.save(dict(published("fcn8s-heavy-pascal").state_dict()), tmp_path / "n.pth")
    with pytest.raises(InputError, match=line):
        convert(tmp_path / "n.pth", "fcn8s-vgg16", tmp_path / "net.pt", skip_scales=given)


def test_skip_scales_that_the_file_holds_are_not_given(tmp_path: Path) -> None:
    ours(tmp_path / "net.pt")
    write_caffemodel(tmp_path / "net.caffemodel", caffe_layers(published("fcn8s-heavy-pascal")))
    for name in ("net.pt", "net.caffemodel"):
        with pytest.raises(InputError, match="holds its skip scales itself"):
            convert(tmp_path / name, "fcn8s-vgg16", tmp_path / "new.pt", skip_scales=[1, 2])


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
def test_tensors_of_other_types_are_refused(tmp_path: Path, kind: torch.dtype) -> None:
    state = dict(published("fcn32s-heavy-pascal").state_dict())
    state["fc7.weight"] = state["fc7.weight"].to(kind)
    torch.save(state, tmp_path / "n.pth")
    with pytest.raises(InputError, match=r"n\.pth: fc7\.weight is of type \w+; expected floating"):
        convert(tmp_path / "n.pth", "fcn32s-vgg16", tmp_path / "net.pt")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--out", "o.caffemodel", "--to", "vgg16"], r"o\.caffemodel: --to given; expected none"),
        (["--out", "o.caffemodel", "--input", "vgg"], r"o\.caffemodel: --input given"),
        (["--out", "o.pt"], "--to is missing; expected a net, such as fcn8s-vgg16"),
        (["--out", "net.pt", "--to", "fcn8s-vgg16"], r"net\.pt: is the file to read"),
        (["--out", "folder.ts", "--to", "fcn8s-vgg16"], r"folder\.ts: is a folder; expected a"),
        (["--out", "folder.caffemodel"], r"folder\.caffemodel: is a folder; expected a"),
        (["--out", "o.pt", "--to", "vgg16", "--skip-scale", "1"], "skip scales for the classifier"),
        (["--out", "o.pt", "--to", "vgg16", "--classes", "c"], "class names for the classifier"),
        (["--out", "o.pt", "--to", "fcn8s-alexnet"], r"net\.pt: no conv1\.weight in it; expected"),
    ],
)
def test_options_that_would_do_nothing_or_harm_are_refused(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ours(Path("net.pt"))
    for suffix in ("ts", "caffemodel"):
        Path(f"folder.{suffix}").mkdir()
    before = Path("net.pt").read_bytes()
    error, _ = fcn(capsys, "net.pt", *arguments)
    assert re.search(line, error) and "\n" not in error, error
    assert Path("net.pt").read_bytes() == before and not Path("o.pt").exists()


def test_a_full_disk_names_the_file_to_write(tmp_path: Path) -> None:
    ours(tmp_path / "net.pt")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        for name in ("new.ts", "new.pt"):
            with pytest.raises((OSError, InputError), match=name):
                convert(tmp_path / "net.pt", "fcn8s-vgg16", tmp_path / name)
        with pytest.raises(OSError, match=r"new\.caffemodel"):
            to_caffemodel(tmp_path / "net.pt", tmp_path / "new.caffemodel")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in tmp_path.iterdir()] == ["net.pt"]
