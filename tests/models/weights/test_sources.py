"""PyTorch files that people have: torchvision's, conversions from Caffe, pytorch-fcn's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnlib.core.errors import InputError
from fcnlib.core.torchvision import torchvision
from fcnlib.inference.convert import convert, import_weights
from fcnlib.models.graph import ILSVRC_MEAN_BGR
from fcnlib.models.weights.checkpoint import read_state
from fcnlib.models.weights.sources import our_name, published_name, read_weights

VGG_BGR = [103.939, 116.779, 123.68]


def narrow(configuration: str) -> nn.Module:
    """Torchvision's own net, every layer 1/16 as wide."""
    layers: list[nn.Module] = []
    inputs = 3
    for width in torchvision.models.vgg.cfgs[configuration]:
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(inputs, width // 16, 3, padding=1), nn.ReLU()]
            inputs = width // 16
    net = torchvision.models.VGG(nn.Sequential(*layers), init_weights=False)
    net.classifier[0] = nn.Linear(inputs * 49, 256)
    net.classifier[3] = nn.Linear(256, 256)
    net.classifier[6] = nn.Linear(256, 1000)
    return net.eval()


@pytest.fixture(scope="module")
def vgg16() -> nn.Module:
    return narrow("D")


def renumbered(net: nn.Module) -> dict[str, Tensor]:
    """The keys of the conversion whose fully connected layers are 1, 4 and 6."""
    numbers = {"classifier.0": "classifier.1", "classifier.3": "classifier.4"}
    renamed = {}
    for name, tensor in net.state_dict().items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{numbers.get(layer, layer)}.{kind}"] = tensor
    return renamed


@pytest.mark.parametrize(("backbone", "configuration"), [("vgg16", "D"), ("vgg19", "E")])
def test_torchvision_weights_give_torchvisions_scores(
    backbone: str, configuration: str, tmp_path: Path
) -> None:
    """RGB in 0..1 with mean and deviation on their side, BGR bytes minus mean on ours."""
    theirs = narrow(configuration)
    torch.save(theirs.state_dict(), tmp_path / f"{backbone}-397923af.pth")
    path = tmp_path / f"{backbone}-397923af.pth"
    done = convert(path, backbone, tmp_path / "net.pt")
    assert set(done.done.reshaped) >= {"fc6.weight", "fc7.weight", "fc8.weight"}
    rgb = torch.randint(0, 256, (1, 3, 224, 224), dtype=torch.uint8)
    preset = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
    mean, std = (torch.tensor(v)[:, None, None] for v in (preset.mean, preset.std))
    with torch.inference_mode():
        expected = theirs((rgb / 255 - mean) / std)
        found = done.net(done.net.normalise(rgb)).flatten(1)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_conversions_from_caffe_keep_caffes_input(vgg16: nn.Module, tmp_path: Path) -> None:
    """BGR bytes minus VGG's mean, known by the keys, by the published name, or by the user."""
    torch.save(renumbered(vgg16), tmp_path / "vgg16-00b39a1b.pth")
    for name in ("vgg16_from_caffe.pth", "renamed.pth"):
        torch.save(vgg16.state_dict(), tmp_path / name)
    for name, given in [
        ("vgg16-00b39a1b.pth", None),
        ("vgg16_from_caffe.pth", None),
        ("renamed.pth", "vgg"),
    ]:
        weights = read_weights(tmp_path / name, input_format=given)
        state = vgg16.state_dict()
        assert torch.equal(weights.state["conv1_1.weight"], state["features.0.weight"])
        assert torch.equal(weights.state["conv5_3.weight"], state["features.28.weight"])
        assert torch.equal(weights.state["fc7.bias"], state["classifier.3.bias"])
        assert weights.state["input_mean"].tolist() == pytest.approx(VGG_BGR)
    changed = read_weights(tmp_path / "renamed.pth").state["conv1_1.weight"]
    assert not torch.equal(changed, vgg16.state_dict()["features.0.weight"])


def test_starting_weights_of_caffe_get_the_mean_of_the_released_fcns(
    vgg16: nn.Module, tmp_path: Path
) -> None:
    torch.save(renumbered(vgg16), tmp_path / "caffe.pth")
    torch.save(vgg16.state_dict(), tmp_path / "torchvision.pth")
    means = {}
    for name in ("caffe", "torchvision"):
        import_weights(tmp_path / f"{name}.pth", "vgg16", tmp_path / f"{name}.pt")
        means[name] = read_state(tmp_path / f"{name}.pt")["input_mean"].tolist()
    assert means["caffe"] == pytest.approx(ILSVRC_MEAN_BGR)
    assert means["torchvision"] == pytest.approx([103.53, 116.28, 123.675])


@pytest.mark.parametrize("name", ["alexnet", "vgg16_bn"])
def test_torchvisions_other_nets_are_refused(name: str, tmp_path: Path) -> None:
    with torch.device("meta"):
        keys = getattr(torchvision.models, name)().state_dict()
    torch.save({key: torch.zeros(1) for key in keys}, tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"net\.pth: \d+ layers of features, .* expected vgg16 or"):
        read_weights(tmp_path / "net.pth")


def test_an_unknown_input_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"input 'bgr'; expected one of: fcn, vgg, "):
        read_weights(tmp_path / "net.pth", input_format="bgr")


def pytorch_fcn(classes: int = 21, *, width: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """A state of pytorch-fcn's FCN8s, narrow: dense upsampling kernels among them."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def layer(name: str, outputs: int, inputs: int, kernel: int) -> None:
        shape = (outputs, inputs, kernel, kernel)
        spread = (2 / (inputs * kernel**2)) ** 0.5
        state[f"{name}.weight"] = spread * torch.randn(shape, generator=generator)
        state[f"{name}.bias"] = torch.randn(outputs, generator=generator)

    inputs = 3
    for block, (count, factor) in enumerate([(2, 1), (2, 2), (3, 4), (3, 8), (3, 8)], start=1):
        for i in range(1, count + 1):
            layer(f"conv{block}_{i}", width * factor, inputs, 3)
            inputs = width * factor
    layer("fc6", 64 * width, inputs, 7)
    layer("fc7", 64 * width, 64 * width, 1)
    scored = {"score_fr": 64 * width, "score_pool3": 4 * width, "score_pool4": 8 * width}
    for name, channels in scored.items():
        layer(name, classes, channels, 1)
    for name, side in {"upscore2": 4, "upscore8": 16, "upscore_pool4": 4}.items():
        ramp = 1 - (torch.arange(side) - (side - 1) / 2).abs() / (side / 2)
        state[f"{name}.weight"] = torch.zeros(classes, classes, side, side)
        for i in range(classes):
            state[f"{name}.weight"][i, i] = ramp[:, None] * ramp
    return state


def pytorch_fcn_scores(state: dict[str, Tensor], image: Tensor, scales: dict[str, float]) -> Tensor:
    """What its FCN8s computes (with scales: FCN8sAtOnce), written out."""

    def conv(x: Tensor, name: str, padding: int = 0) -> Tensor:
        return functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    def up(x: Tensor, name: str, stride: int) -> Tensor:
        return functional.conv_transpose2d(x, state[f"{name}.weight"], stride=stride)

    x, pools = image, {}
    for block, count in enumerate((2, 2, 3, 3, 3), start=1):
        for i in range(1, count + 1):
            x = conv(x, f"conv{block}_{i}", 100 if (block, i) == (1, 1) else 1).relu()
        pools[block] = x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
    scores = up(conv(conv(conv(x, "fc6").relu(), "fc7").relu(), "score_fr"), "upscore2", 2)
    for pool, crop, name, stride in [(4, 5, "upscore_pool4", 2), (3, 9, "upscore8", 8)]:
        skip = conv(pools[pool] * scales.get(f"pool{pool}", 1), f"score_pool{pool}")
        skip = skip[:, :, crop : crop + scores.shape[2], crop : crop + scores.shape[3]]
        scores = up(scores + skip, name, stride)
    return scores[:, :, 31 : 31 + image.shape[2], 31 : 31 + image.shape[3]]


@pytest.mark.parametrize("saved", ["plain", "training", "at-once", "at-once in training", "given"])
def test_pytorch_fcns_files_give_its_scores(tmp_path: Path, saved: str) -> None:
    state = pytorch_fcn()
    content: dict[str, Any] = dict(state)
    name = "fcn8s-atonce_from_caffe.pth" if saved == "at-once" else "model.pth.tar"
    if "training" in saved:
        arch = "FCN8sAtOnce" if saved.startswith("at-once") else "FCN8s"
        content = {"epoch": 1, "arch": arch, "model_state_dict": state}
    torch.save(content, tmp_path / name)
    given = (0.01, 0.0001) if saved == "given" else None
    done = convert(tmp_path / name, "fcn8s-vgg16", tmp_path / "net.pt", skip_scales=given)
    scales = {} if saved in ("plain", "training") else {"pool4": 0.01, "pool3": 0.0001}
    rgb = torch.randint(0, 256, (1, 3, 45, 50), dtype=torch.uint8)
    bgr = rgb.flip(1) - torch.tensor([104.00699, 116.66877, 122.67892])[:, None, None]
    with torch.inference_mode():
        found = done.net(done.net.normalise(rgb))
        expected = pytorch_fcn_scores(state, bgr, scales)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)
    assert expected.std() > 1


def test_a_training_checkpoint_is_unwrapped(tmp_path: Path) -> None:
    state = pytorch_fcn()
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    torch.save({"epoch": 1, "state_dict": wrapped}, tmp_path / "net.pth")
    assert state.keys() <= read_weights(tmp_path / "net.pth").state.keys()


def test_stream_names_are_converted_and_back() -> None:
    for theirs, ours in {
        "conv1_1color": "conv1_1_color",
        "score_frhha": "score_fr_hha",
        "score_pool4_sem": "score_pool4_sem",
        "conv1_1_bgrd": "conv1_1_bgrd",
        "inception_3a/5x5_reduce": "inception_3a/5x5_reduce",
    }.items():
        assert our_name(theirs) == ours and published_name(ours) == theirs
        assert our_name(ours) == ours
