"""Classifiers of random weights in the published format."""

from pathlib import Path

import pytest
import torch

from fcn_synthetic.stand_ins import write_stand_in
from fcnlib.inference.convert import import_weights
from fcnlib.models.classifier import build_classifier
from fcnlib.models.weights.checkpoint import read_checkpoint


@pytest.mark.parametrize("backbone", ["alexnet", "vgg16", "vgg19", "googlenet"])
def test_a_stand_in_is_read_as_the_published_file_is(tmp_path: Path, backbone: str) -> None:
    kernel = None if backbone == "googlenet" else 3
    file, weights = tmp_path / f"{backbone}.caffemodel", tmp_path / f"{backbone}.pt"
    write_stand_in(file, backbone, width=0.125, fc6_kernel=kernel, seed=0)
    import_weights(file, backbone, weights)
    state = read_checkpoint(weights).state
    net = build_classifier(backbone, width=0.125, fc6_kernel=kernel, window=128)
    net.load_state_dict(state)
    assert state["input_mean"].tolist() == pytest.approx([104.00699, 116.66877, 122.67892])
    with torch.inference_mode():
        scores = net.eval()(64 * torch.randn(1, 3, 128, 128))
    assert 0.1 < scores.std() < 10


def test_a_stand_in_depends_on_its_seed_alone(tmp_path: Path) -> None:
    for name, seed in {"a": 0, "b": 0, "c": 1}.items():
        path = tmp_path / f"{name}.caffemodel"
        write_stand_in(path, "alexnet", width=0.0625, fc6_kernel=1, seed=seed)
    first, same, other = ((tmp_path / f"{x}.caffemodel").read_bytes() for x in "abc")
    assert first == same != other
