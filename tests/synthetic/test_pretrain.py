"""The classifier that takes ImageNet's place."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fcn_synthetic.pretrain import one_cycle, pretrain
from fcnlib.config.schema_pretraining import Pretraining
from fcnlib.models.backbones import BACKBONES
from fcnlib.models.batch_norm import add_batch_norm, fold_batch_norm
from fcnlib.models.classifier import build_classifier
from fcnlib.models.fcn import build_fcn
from fcnlib.models.graph import LayerGraph
from fcnlib.models.layers import ConvReLU
from fcnlib.models.weights.checkpoint import read_checkpoint, read_state
from fcnlib.models.weights.matching import load_matching

RECIPE = Pretraining(
    windows=64,
    window=96,
    held_out=16,
    iterations=6,
    batch_size=8,
    learning_rate=3e-3,
    weight_decay=0.05,
    label_smoothing=0.05,
)


def classifier(backbone: str, width: float) -> LayerGraph:
    kernel = None if backbone == "googlenet" else 3
    return build_classifier(backbone, 20, width=width, fc6_kernel=kernel, dropout=0.0, window=96)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_folding_batch_norm_changes_no_score(backbone: str) -> None:
    net = classifier(backbone, 1 / 32)
    add_batch_norm(net)
    images = torch.randn(16, 3, 96, 96)
    for _ in range(3):
        net(images)  # running statistics of its own
    net.eval()
    with torch.inference_mode():
        before = net(images)
        fold_batch_norm(net)
        torch.testing.assert_close(net(images), before, rtol=1e-4, atol=1e-4)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in net.modules())


def test_activations_are_near_unit_scale_after_folding() -> None:
    net = classifier("vgg16", 1 / 16)
    add_batch_norm(net)
    images = torch.randn(32, 3, 96, 96)
    for _ in range(20):
        net(images)
    net.eval()
    fold_batch_norm(net)
    x = images
    with torch.inference_mode():
        for layer in net.values():
            x = layer(x)
            if isinstance(layer, ConvReLU):
                assert 0.1 < x.std() < 2


@pytest.mark.parametrize("backbone", ["vgg16", "vgg19", "googlenet"])
def test_a_window_of_96_pixels_gives_one_answer(backbone: str) -> None:
    net = classifier(backbone, 1 / 32).eval()
    assert net(torch.zeros(1, 3, 96, 96)).shape == (1, 20, 1, 1)


def test_weights_go_into_a_net_of_the_same_width(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pretrain(
            "vgg16",
            RECIPE,
            width=1 / 32,
            fc6_kernel=3,
            path=tmp_path / f"{name}.pt",
            device="cpu",
            provenance={},
        )
    first, second = (read_state(tmp_path / f"{name}.pt") for name in ("a", "b"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    accuracy = read_checkpoint(tmp_path / "a.pt").scores["accuracy"]
    assert isinstance(accuracy, float) and 0 <= accuracy <= 1
    net = build_fcn(width=1 / 32, padding=1, fc6_kernel=3)
    done = load_matching(first, net)
    assert {name.split(".")[0] for name in done.missing} == {
        *("score_fr", "score_pool4", "score_pool3")
    }
    assert set(done.unused) == {"fc8.weight", "fc8.bias"}
    # The classifier's mean colour comes along: blue first, as it was trained.
    assert torch.equal(net.input_mean, first["input_mean"])


@pytest.mark.parametrize("iterations", [4, 6, 250, 600])
def test_rate_and_momentum_are_those_of_pytorchs_one_cycle(iterations: int) -> None:
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=1.0)
    known = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=iterations, pct_start=0.2
    )
    for iteration in range(iterations):
        (group,) = optimizer.param_groups
        found = one_cycle(iteration, iterations, peak=3e-3)
        assert found == (group["lr"], group["betas"][0]), iteration
        optimizer.step()
        known.step()


def test_a_rise_of_no_iterations_begins_at_the_peak() -> None:
    """Where PyTorch's divides by zero."""
    assert one_cycle(0, 5, peak=3e-3) == (3e-3, 0.85)


def test_pre_training_does_not_import_torchs_compiler(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from fcn_synthetic.pretrain import pretrain
from fcnlib.config.schema_pretraining import Pretraining
recipe = Pretraining.model_validate({RECIPE.model_dump()})
path = Path({str(tmp_path / "a.pt")!r})
pretrain("alexnet", recipe, width=1/32, fc6_kernel=3, path=path, device="cpu", provenance={{}})
assert path.exists() and "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
