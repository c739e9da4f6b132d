"""Weights by layer name: from classifiers, from coarser nets, from published files."""

from pathlib import Path

import pytest
import torch
from torch import nn

from fcnlib.errors import InputError
from fcnlib.models.fcn import ILSVRC_MEAN_BGR, build_fcn
from fcnlib.models.transplant import (
    from_torchvision_vgg16,
    import_weights,
    read_checkpoint,
    read_state,
    transplant,
)
from fcnlib.vision import torchvision

THIN = 1 / 32


def test_a_finer_net_takes_over_the_coarser_one_and_its_new_layer_stays_zero() -> None:
    coarse = build_fcn(predict_from=["fc7", "pool4"], width=THIN)
    nn.init.normal_(coarse["score_pool4"].weight)
    nn.init.normal_(coarse["score_fr"].weight)
    fine = build_fcn(width=THIN)
    done = transplant(coarse.state_dict(), fine)
    assert done.missing == ("score_pool3.weight", "score_pool3.bias")
    assert not fine["score_pool3"].weight.any()
    for name, tensor in coarse.named_parameters():
        if not name.startswith("upscore"):
            assert torch.equal(fine.state_dict()[name], tensor), name


def test_a_finer_net_predicts_what_the_coarser_one_did_but_for_the_border_of_cells() -> None:
    """With the new score layer at zero, 8s is the 16s map upsampled in two steps, not one."""
    coarse = build_fcn(predict_from=["fc7", "pool4"], width=THIN).eval()
    for name in ("score_fr", "score_pool4"):
        nn.init.normal_(coarse[name].weight)
    fine = build_fcn(width=THIN).eval()
    transplant(coarse.state_dict(), fine)
    image = 50 * torch.randn(1, 3, 80, 96)
    with torch.inference_mode():
        same = coarse(image).argmax(1) == fine(image).argmax(1)
    assert same.float().mean() > 0.9


def test_fully_connected_weights_become_convolutions() -> None:
    net = build_fcn(predict_from=["fc7"], width=THIN)
    kernel = net["fc6"].weight
    source = {"fc6.weight": torch.randn(kernel.shape[0], kernel[0].numel())}
    done = transplant(source, net)
    assert done.reshaped == ("fc6.weight",)
    window = torch.randn(1, *kernel.shape[1:])
    convolved = nn.functional.conv2d(window, net["fc6"].weight)[0, :, 0, 0]
    expected = source["fc6.weight"] @ window.flatten()
    torch.testing.assert_close(convolved, expected, rtol=1e-4, atol=1e-4)


def test_weights_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"a\.pt: conv1_1\.weight is 4 x 3 x 3 x 3; expected 2 x"):
        transplant(build_fcn(width=1 / 16).state_dict(), build_fcn(width=THIN), origin="a.pt")


def test_weights_without_a_common_layer_are_refused() -> None:
    with pytest.raises(InputError, match="no layer of this net in it; expected conv1_1"):
        transplant({"block.weight": torch.zeros(2)}, build_fcn(width=THIN))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.pt: .*expected a checkpoint") as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    torch.save({"state": build_fcn(width=THIN).state_dict()}, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut\.pt: "):
        read_state(path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pt: no such file"):
        read_state(tmp_path / "none.pt")


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    torch.save({"state": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(InputError, match=r"trap\.pt"):
        read_state(tmp_path / "trap.pt")
    assert not (tmp_path / "ran").exists()


@pytest.fixture(scope="module")
def torchvision_vgg16() -> nn.Module:
    """Torchvision's own net, narrow: every layer 1/16 as wide."""
    layers: list[nn.Module] = []
    inputs = 3
    for width in torchvision.models.vgg.cfgs["D"]:
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


def test_torchvision_weights_give_torchvisions_activations(torchvision_vgg16: nn.Module) -> None:
    """RGB in 0..1 with mean and deviation on their side, BGR bytes minus mean on ours."""
    net = build_fcn(predict_from=["fc7"], width=1 / 16, padding=1, dropout=0.0).eval()
    transplant(from_torchvision_vgg16(torchvision_vgg16.state_dict()), net)
    net["fc6"].padding = (0, 0)
    rgb = torch.randint(0, 256, (1, 3, 224, 224), dtype=torch.uint8)
    preset = torchvision.models.VGG16_Weights.IMAGENET1K_V1.transforms()
    mean, std = (torch.tensor(v)[:, None, None] for v in (preset.mean, preset.std))
    with torch.inference_mode():
        theirs = torchvision_vgg16.classifier[:5](
            torchvision_vgg16.features((rgb / 255 - mean) / std).flatten(1)
        )
        ours = net.normalise(rgb)
        for name, layer in net.items():
            ours = layer(ours)
            if name == "fc7":
                break
    torch.testing.assert_close(ours.flatten(1), theirs, rtol=1e-3, atol=1e-5)


def test_the_caffe_conversion_keeps_caffes_input(
    torchvision_vgg16: nn.Module, tmp_path: Path
) -> None:
    """That file numbers its fully connected layers 1, 4, 6 and wants BGR bytes minus the mean."""
    numbers = {"classifier.0": "classifier.1", "classifier.3": "classifier.4"}
    state = torchvision_vgg16.state_dict()
    renamed = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{numbers.get(layer, layer)}.{kind}"] = tensor
    torch.save(renamed, tmp_path / "vgg16-caffe.pth")
    import_weights(tmp_path / "vgg16-caffe.pth", tmp_path / "vgg16.pt")
    ours = read_state(tmp_path / "vgg16.pt")
    assert torch.equal(ours["conv1_1.weight"], state["features.0.weight"])
    assert torch.equal(ours["conv5_3.weight"], state["features.28.weight"])
    assert torch.equal(ours["fc7.bias"], state["classifier.3.bias"])
    assert ours["input_mean"].tolist() == pytest.approx(ILSVRC_MEAN_BGR)
