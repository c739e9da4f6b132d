"""Checks of entries of config.yaml against each other, and the message for each mistake."""

from typing import Any

import pytest
from fixtures.config import refusal

from fcnlib.config.load import load_config
from fcnlib.config.schema_data import Data
from fcnlib.config.schema_experiments import PublishedOnly
from fcnlib.core.errors import InputError


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
    raw_config["experiments"]["zoo-voc-fcn8s"]["released"]["file"] = file
    if accepted:
        entry = load_config(raw_config | {"scale": scale}).experiments["zoo-voc-fcn8s"]
        assert entry.released.file == file
        return
    with pytest.raises(
        InputError, match=r"released\.file: '.*' is no published file; (known: |did you mean)"
    ):
        load_config(raw_config | {"scale": scale})


def test_a_row_has_other_names_in_its_own_tables_only(raw_config: dict[str, Any]) -> None:
    entry = raw_config["experiments"]["voc-fcn8s"]
    entry["rows"] = {"skips": "FCN-8s staged"}
    assert load_config(raw_config).experiments["voc-fcn8s"].rows == entry["rows"]
    entry["rows"] = {"modalities": "FCN-8s staged"}
    with pytest.raises(InputError, match=r"voc-fcn8s\.rows: 'modalities' is none of its tables"):
        load_config(raw_config)


def test_starting_weights_are_of_a_known_file(raw_config: dict[str, Any]) -> None:
    raw_config["weights"]["vgg16"] = "vgg16.caffemodel"
    with pytest.raises(InputError, match=r"weights\.vgg16: 'vgg16.caffemodel' is no published"):
        load_config(raw_config)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"to": "fcn8s-resnet"}, "released.to: 'fcn8s-resnet'"),
        ({"to": "fcn8s-vgg19"}, "'voc-fcn8s' is a fcn8s-vgg16; expected a fcn8s-vgg19"),
        ({"demo_source": "voc-fcn16s"}, "'voc-fcn16s' is a fcn16s-vgg16; expected a fcn8s-vgg16"),
        ({"demo_source": "sliding-map"}, "demo_source: 'sliding-map' is no net that is trained"),
    ],
)
def test_published_weights_are_written_from_their_own_net(
    raw_config: dict[str, Any], values: dict[str, Any], message: str
) -> None:
    raw_config["experiments"]["zoo-voc-fcn8s"]["released"] |= values
    assert message in refusal(raw_config)


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("skips", [], "tables.skips.columns: []"),
        ("skips", ["mean_iu", "mean_iu"], "tables.skips.columns: 'mean_iu' twice"),
        ("skips", ["mean_iu", "backward_ms"], "tables.skips.columns: 'backward_ms'; expected one"),
        ("skips", ["mean_iu_corner_nearest"], "columns: 'mean_iu_corner_nearest'; expected one"),
        ("upper-bounds", ["mean_iu", "training_s"], "columns: 'training_s'; expected one that"),
        ("zoo", ["mean_iu", "learning_rate"], "columns: 'learning_rate'; expected one that a row"),
        ("dense", ["forward_ms", "momentum"], "tables.dense.columns: 'momentum'; expected one"),
        ("upper-bounds", ["forward_ms"], "expected one that a row can have: background_accuracy"),
        ("dense", ["backward_ms"], "that a row can have: forward_ms, max_difference, output_ms, "),
        ("dense", ["forward_ms", "mean_iu"], "tables.dense.columns: 'mean_iu'; expected one"),
    ],
)
def test_a_table_has_columns_that_its_rows_can_fill(
    raw_config: dict[str, Any], table: str, columns: list[str], message: str
) -> None:
    raw_config["tables"][table]["columns"] = columns
    assert message in refusal(raw_config)


@pytest.mark.parametrize("side", [31, 4097, 128.0])
def test_times_are_of_an_image_of_sane_size(raw_config: dict[str, Any], side: float) -> None:
    raw_config["scales"]["demo"]["forward_side"] = side
    with pytest.raises(InputError, match=rf"scales\.demo\.forward_side.*{side}"):
        load_config(raw_config)


ROW = {"row": "Net", "tables": ["skips"]}
RECIPE = {"recipe": {"name": "heavy"}}
FC7 = {"backbone": "vgg16", "predict_from": ["fc7"]}
ROOMS = {
    "converter": "nyudv2",
    "archives": ["nyu_depth_v2_labeled.mat", "splits.mat", "classMapping40.mat"],
}
OUTDOOR = {"converter": "siftflow", "archives": ["SiftFlowDataset.zip"]}


def with_nets(raw_config: dict[str, Any], **nets: dict[str, Any]) -> dict[str, Any]:
    """The list with nets of rooms; some of their values are those of `data`."""
    raw_config["datasets"] |= {"rooms": ROOMS, "outdoor": OUTDOOR}
    for name, values in nets.items():
        data = {key: values[key] for key in values.keys() & Data.model_fields.keys()}
        net = {key: values[key] for key in values.keys() - data.keys()}
        data = {"dataset": "rooms", "train": "trainval", "test": "test", **data}
        raw_config["experiments"][name] = {**ROW, **RECIPE, "data": data, "net": {**FC7, **net}}
    return raw_config


def test_inputs_make_the_nets_channels(raw_config: dict[str, Any]) -> None:
    inputs = {"a": ["rgb"], "b": ["hha"], "c": ["rgb", "depth"], "d": ["rgb", "hha"]}
    nets: dict[str, Any] = {name: {"inputs": names} for name, names in inputs.items()}
    nets["d"] |= {"streams": ["color", "hha"], "start_from": ["a", "b"]}
    nets["e"] = {"inputs": ["rgb", "depth"], "start_from": ["a"]}
    nets["f"] = {"inputs": ["depth"], "start_from": "random"}
    nets["g"] = {"tasks": ["geometric", "semantic"], "dataset": "outdoor"}
    found = load_config(with_nets(raw_config, **nets)).experiments
    channels = [found[name].net.input_channels for name in nets]  # type: ignore[union-attr]
    assert channels == [3, 3, 4, 6, 4, 1, 3]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inputs": ["depth"]}, "net.start_from: a classifier sees colours, not ['depth']"),
        ({"inputs": ["rgb", "hha"]}, "a classifier sees colours, not ['rgb', 'hha']; expected"),
        ({"inputs": ["hha", "rgb"]}, "data.inputs: ['hha', 'rgb']; expected rgb first, depth last"),
        ({"inputs": ["depth", "hha"]}, "['depth', 'hha']; expected rgb first, depth last"),
        ({"inputs": ["rgb", "hha", "depth"]}, "expected depth alone or beside one input of col"),
        ({"inputs": ["rgb", "sound"]}, "data.inputs.1: 'sound'"),
        ({"inputs": ["rgb"], "streams": ["a", "b"]}, "expected rgb or hha for each of ['a', 'b']"),
        ({"inputs": ["rgb", "depth"], "streams": ["a", "b"]}, "expected rgb or hha for each of ["),
        ({"inputs": ["rgb"], "input_channels": 4}, "net.input_channels: 4; expected 3, of ['rgb']"),
        ({"inputs": ["hha"], "start_from": ["a"]}, "net.start_from: a sees ['rgb']; expected ['hh"),
        ({"inputs": ["rgb"], "start_from": ["b"]}, "start_from: b sees ['hha']; expected ['rgb']"),
        (
            {"inputs": ["rgb", "hha"], "streams": ["c", "d"], "start_from": ["b", "a"]},
            "start_from: b sees ['hha']; expected ['rgb']",
        ),
        ({"tasks": ["geometric"]}, "data.tasks: 'geometric' is none of rooms; known: semantic"),
        ({"dataset": "voc2011", "inputs": ["hha"]}, "'hha' is none of voc2011; known: rgb"),
        ({"foreground": True}, "data.foreground: expected false, as rooms has no background"),
    ],
)
def test_inputs_and_tasks_are_those_of_the_data_the_net_and_its_start(
    raw_config: dict[str, Any], values: dict[str, Any], message: str
) -> None:
    nets: dict[str, Any] = {"a": {"inputs": ["rgb"]}, "b": {"inputs": ["hha"]}, "x": values}
    line = refusal(with_nets(raw_config, **nets))
    assert "experiments.x" in line and message in line


def test_a_row_may_have_published_numbers_alone(raw_config: dict[str, Any]) -> None:
    raw_config["experiments"]["theirs"] = {**ROW, "paper": {"mean_iu": 18.1}}
    entry = load_config(raw_config).experiments["theirs"]
    assert isinstance(entry, PublishedOnly) and entry.starts("synthetic") == ()
    raw_config["figures"]["fig4"]["experiments"].append("theirs")
    with pytest.raises(InputError, match=r"figures\.fig4\.experiments: 'theirs' is no net"):
        load_config(raw_config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paper": {}}, "experiments.theirs: none; expected one of: net and recipe; released;"),
        ({"data": {"dataset": "voc2011", "test": "val"}}, "or paper alone, with a number"),
        ({"recipe": {"name": "heavy"}}, "net and recipe come together or not at all"),
    ],
)
def test_published_numbers_stand_alone_or_beside_one_thing(
    raw_config: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    raw_config["experiments"]["theirs"] = {**ROW, "paper": {"mean_iu": 18.1}} | change
    assert message in refusal(raw_config)


def test_a_table_has_columns_of_its_rows_tasks(raw_config: dict[str, Any]) -> None:
    nets: dict[str, Any] = {"a": {"dataset": "outdoor", "tasks": ["semantic"]}}
    raw_config["claims"] = {}
    raw_config["tables"]["skips"]["columns"] = ["mean_iu", "geometric_pixel_accuracy"]
    with pytest.raises(InputError, match="columns: 'geometric_pixel_accuracy'; expected one that"):
        load_config(with_nets(raw_config, **nets))
    nets["b"] = {"dataset": "outdoor", "tasks": ["semantic", "geometric"]}
    assert load_config(with_nets(raw_config, **nets))
    raw_config["tables"]["skips"]["columns"] = ["foreground_mean_iu"]
    with pytest.raises(InputError, match="columns: 'foreground_mean_iu'; expected one that a row"):
        load_config(raw_config)


def test_a_released_net_has_the_data_of_its_demo_source(
    raw_config: dict[str, Any],
) -> None:
    published = {
        "row": "Zoo",
        "tables": ["zoo"],
        "data": {"dataset": "rooms", "test": "test"},
        "released": {
            "file": "nyud-fcn32s-hha-heavy.caffemodel",
            "to": "fcn32s-vgg16",
            "demo_source": "a",
        },
    }
    raw_config = with_nets(raw_config, a={"inputs": ["hha"]})
    raw_config["experiments"]["zoo-a"] = published
    with pytest.raises(InputError, match=r"'a' has inputs \['hha'\]; expected \['rgb'\]"):
        load_config(raw_config)
    published["data"] = {"dataset": "rooms", "test": "test", "inputs": ["hha"]}
    assert load_config(raw_config)


def test_a_figure_is_of_one_data_set(raw_config: dict[str, Any]) -> None:
    raw_config["figures"]["fig4"]["experiments"].append("voc2011-vgg16")
    with pytest.raises(InputError, match=r"fig4\.experiments: of voc2011, voc2011-sbd; expected"):
        load_config(raw_config)


@pytest.mark.parametrize("fallback", ["benchmark.tgz", "mine.pth"])
@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_what_takes_a_released_files_place_is_a_published_file_of_weights(
    raw_config: dict[str, Any], scale: str, fallback: str
) -> None:
    raw_config["experiments"]["zoo-voc-fcn8s"]["released"]["fallback"] = fallback
    with pytest.raises(InputError, match=r"released\.fallback: '.*' is no published file"):
        load_config(raw_config | {"scale": scale})
