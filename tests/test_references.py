"""What entries of config.yaml say of each other, and what each mistake in it is told."""

from typing import Any

import pytest

from fcnlib.config import WINDOWS
from fcnlib.errors import InputError
from fcnlib.experiments import load
from fcnlib.models.backbones import BACKBONES


def test_windows_are_those_of_the_nets() -> None:
    assert {name: backbone.window for name, backbone in BACKBONES.items()} == WINDOWS


@pytest.mark.parametrize(
    ("file", "scale", "accepted"),
    [
        ("fcn8s-heavy-pascal.caffemodel", "demo", True),
        ("fcn8s_from_caffe.pth", "paper", True),
        ("fcn8s_from_caffe.pth", "demo", False),  # none is written in this format
        ("benchmark.tgz", "paper", False),
        ("../fcn8s-heavy-pascal.caffemodel", "paper", False),
        ("mine.caffemodel", "demo", False),
    ],
)
def test_published_weights_are_of_a_known_file(
    raw_config: dict[str, Any], file: str, scale: str, accepted: bool
) -> None:
    raw_config["experiments"]["zoo-voc-fcn8s"]["weights"]["file"] = file
    if accepted:
        entry = load(raw_config | {"scale": scale}).experiments["zoo-voc-fcn8s"]
        assert entry.weights is not None and entry.weights.file == file
        return
    with pytest.raises(InputError, match=r"weights\.file: '.*' is no published file; known: "):
        load(raw_config | {"scale": scale})


def test_starting_weights_are_of_a_known_file(raw_config: dict[str, Any]) -> None:
    raw_config["weights"]["vgg16"] = "vgg16.caffemodel"
    with pytest.raises(InputError, match=r"weights\.vgg16: 'vgg16.caffemodel' is no published"):
        load(raw_config)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"to": "fcn8s-resnet"}, "weights.to: 'fcn8s-resnet'"),
        ({"to": "fcn8s-vgg19"}, "'voc-fcn8s' is a fcn8s-vgg16; expected a fcn8s-vgg19"),
        ({"written_from": "voc-fcn16s"}, "'voc-fcn16s' is a fcn16s-vgg16; expected a fcn8s-vgg16"),
        ({"written_from": "sliding-map"}, "written_from: 'sliding-map' is no net that is trained"),
    ],
)
def test_published_weights_are_written_from_their_own_net(
    raw_config: dict[str, Any], values: dict[str, Any], told: str
) -> None:
    raw_config["experiments"]["zoo-voc-fcn8s"]["weights"] |= values
    with pytest.raises(InputError) as error:
        load(raw_config)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("table", "columns", "told"),
    [
        ("skips", [], "tables.skips.columns: []"),
        ("skips", ["mean_iu", "mean_iu"], "tables.skips.columns: 'mean_iu' twice"),
        ("skips", ["mean_iu", "backward_ms"], "tables.skips.columns: 'backward_ms'; expected one"),
        ("upper-bounds", ["forward_ms"], "expected one that a row can have: frequency_weighted_iu"),
        ("dense", ["backward_ms"], "that a row can have: forward_ms, max_difference, output_ms, "),
        ("dense", ["forward_ms", "mean_iu"], "tables.dense.columns: 'mean_iu'; expected one"),
    ],
)
def test_a_table_has_columns_that_its_rows_can_fill(
    raw_config: dict[str, Any], table: str, columns: list[str], told: str
) -> None:
    raw_config["tables"][table]["columns"] = columns
    with pytest.raises(InputError) as error:
        load(raw_config)
    assert told in str(error.value)


@pytest.mark.parametrize("side", [31, 4097, 128.0])
def test_times_are_of_an_image_of_sane_size(raw_config: dict[str, Any], side: float) -> None:
    raw_config["scales"]["demo"]["forward_side"] = side
    with pytest.raises(InputError, match=rf"scales\.demo\.forward_side.*{side}"):
        load(raw_config)
