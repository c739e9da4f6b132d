"""The figures of config.yaml: what each kind needs and shows."""

from typing import Any

import pytest
from fixtures.config import refusal

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError

NETS = ["voc-fcn32s", "voc-fcn8s"]
GAPS = ["bound-32", "bound-8", *NETS]


SHARES = ["voc-fcn32s", "half", "quarter"]


def with_shares(raw_config: dict[str, Any]) -> None:
    """A net trained on less images, and one of another recipe."""
    for name, share, recipe in (
        ("half", 0.5, {}),
        ("quarter", 0.25, {"iterations": 10}),
        ("other", 0.3, {"learning_rate": 0.5}),
    ):
        raw_config["experiments"][name] = {
            "base": "voc-fcn32s",
            "row": name,
            "tables": ["skips"],
            "data": {"train_share": share},
            "recipe": recipe,
        }


def with_figure(raw_config: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**raw_config, "figures": {"study": {"title": "A study", **values}}}


@pytest.mark.parametrize(
    "values",
    [
        {"experiments": NETS, "images": 2},
        {"kind": "losses", "experiments": NETS, "against": ["images"]},
        {"kind": "losses", "experiments": ["voc-fcn32s", "nyud-fcn32s-rgb"]},
        {"kind": "momentum", "experiments": NETS},
        {"kind": "gaps", "experiments": GAPS},
        {"kind": "architecture", "experiments": [*NETS, "nyud-fcn32s-rgb"]},
        {"kind": "learning-curve", "experiments": SHARES},
        {"kind": "ablation"},
        {"kind": "ablation", "tables": ["skips"]},
    ],
)
def test_figures_of_every_kind_can_be_listed(
    raw_config: dict[str, Any], values: dict[str, Any]
) -> None:
    with_shares(raw_config)
    assert load_config(with_figure(raw_config, **values)).figures["study"].title == "A study"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "figures.study: experiments: missing"),
        ({"experiments": []}, "figures.study.experiments: []"),
        ({"kind": "pie", "experiments": NETS}, "figures.study.kind: 'pie'"),
        ({"kind": "ablation", "experiments": NETS}, "experiments: not of a figure of kind"),
        ({"kind": "losses", "experiments": NETS, "images": 2}, "images: not of a figure of kind"),
        ({"kind": "losses", "experiments": ["bound-8"]}, "'bound-8' is no net that is trained"),
        ({"kind": "losses", "experiments": NETS, "against": ["hours"]}, "'hours'"),
        ({"kind": "gaps", "experiments": ["sliding-map"]}, "'sliding-map' is neither"),
        ({"kind": "gaps", "experiments": ["bound-32", *NETS]}, "'voc-fcn8s' has stride 8"),
        ({"kind": "gaps", "experiments": ["bound-32"]}, "no net; expected nets"),
        (
            {"kind": "momentum", "experiments": ["voc-fcn32s", "voc2011-vgg16"]},
            "of voc2011, voc2011-sbd; expected",
        ),
        (
            {"kind": "learning-curve", "experiments": SHARES[:2]},
            "train_share 0.5, 1; expected nets",
        ),
        (
            {"kind": "learning-curve", "experiments": [*SHARES, "other"]},
            "'other' differs from 'voc-fcn32s' in more than train_share",
        ),
        ({"kind": "architecture", "experiments": ["bound-8"]}, "'bound-8' is no net of ours"),
        (
            {"kind": "architecture", "experiments": ["voc-fcn32s", "voc-alexnet"]},
            "of alexnet, vgg16; expected nets of one backbone",
        ),
        ({"kind": "ablation", "tables": ["none"]}, "'none' is no table with mean_iu"),
        ({"kind": "ablation", "tables": ["sliding"]}, "'sliding' is no table with mean_iu"),
    ],
)
def test_a_figure_that_cannot_be_plotted_is_refused(
    raw_config: dict[str, Any], values: dict[str, Any], message: str
) -> None:
    with_shares(raw_config)
    line = refusal(with_figure(raw_config, **values))
    assert message in line
    assert "figures.study" in line


@pytest.mark.parametrize(("tables", "kept"), [(["skips"], True), (["sliding"], False)])
def test_a_scale_has_an_overview_only_of_tables_that_it_shows(
    raw_config: dict[str, Any], tables: list[str], kept: bool
) -> None:
    raw = with_figure(raw_config, kind="ablation")
    raw["scales"] = {**raw["scales"], "demo": {**raw["scales"]["demo"], "tables": tables}}
    assert ("study" in load_config(raw).figures) is kept


def test_an_overview_of_no_scores_is_refused(raw_config: dict[str, Any]) -> None:
    entries = {"windows": raw_config["experiments"]["sliding-windows"]}
    tables = {"sliding": raw_config["tables"]["sliding"]}
    raw = with_figure(raw_config, kind="ablation") | {
        "experiments": entries,
        "tables": tables,
        "claims": {},
    }
    with pytest.raises(InputError, match=r"figures\.study\.tables: no table has mean_iu"):
        load_config(raw)
