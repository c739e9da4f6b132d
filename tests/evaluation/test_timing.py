"""What is timed, and what a timing's file holds."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from fixtures.runs import RUN
from torch import nn

from fcnlib.config.load import load_config
from fcnlib.config.schema_experiments import Timing
from fcnlib.core.errors import InputError
from fcnlib.evaluation.record import read_record
from fcnlib.evaluation.timing import (
    WAYS,
    backward_milliseconds,
    milliseconds,
    time_way,
    time_ways,
)


def timed(folder: Path, **values: Any) -> dict[str, Any]:
    timing = Timing(width=1 / 32, runs=2, **values)
    time_way(timing, metrics=folder / "0.json", device="cpu", run=RUN)
    content: dict[str, Any] = json.loads((folder / "0.json").read_text("utf-8"))
    return content


def test_only_the_work_is_timed_and_every_run_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, arguments = [0.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def setup() -> int:
        clock[0] += 100
        return len(arguments)

    def work(run: int) -> None:
        clock[0] += 0.001 * run
        arguments.append(run)

    found = milliseconds(work, device="cpu", runs=4, setup=setup)
    assert arguments == [0, 1, 2, 3, 4, 5, 6]  # three to warm up
    assert found == pytest.approx([3, 4, 5, 6])


def test_the_backward_pass_reaches_every_weight_once_per_run() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 1, 1))
    seen: list[bool] = []
    net[0].weight.register_post_accumulate_grad_hook(lambda _: seen.append(True))
    image = torch.ones(1, 1, 5, 5)
    assert len(backward_milliseconds(net, image, device="cpu", runs=2)) == 2
    assert len(seen) == 5
    net_gradient = net[0].weight.grad
    net.zero_grad()
    net(image).sum().backward()
    assert torch.equal(net[0].weight.grad, net_gradient)  # of one run, not the sum of all


@pytest.mark.parametrize(
    ("values", "outputs"),
    [
        ({"way": "fully-connected", "backbone": "alexnet", "side": 227, "batch": 3}, 1),
        ({"way": "convolutional", "backbone": "alexnet", "side": 500}, 100),
        ({"way": "convolutional", "backbone": "googlenet", "side": 260}, 4),
        ({"way": "shift-and-stitch", "backbone": "vgg16", "side": 40, "stride": 16}, 9),
        ({"way": "dilated", "backbone": "googlenet", "side": 50, "stride": 8}, 9),
    ],
)
def test_a_timing_records_how_many_scores_it_made_and_their_difference(
    tmp_path: Path, values: dict[str, Any], outputs: int
) -> None:
    content = timed(tmp_path, **values, backward=values["way"] == "fully-connected")
    costs, runs = content["costs"], content["runs_ms"]
    batch = values.get("batch", 1)
    assert costs["outputs"] == outputs
    assert 0 <= costs["max_difference"] < 1e-4
    assert costs["forward_ms"] == pytest.approx(sum(runs["forward"]) / 2 / batch)
    assert costs["output_ms"] == pytest.approx(costs["forward_ms"] / outputs)
    if "batch" in values:
        assert costs["backward_ms"] == pytest.approx(sum(runs["backward"]) / 2 / batch)
    else:
        assert costs["backward_ms"] is None
    assert read_record(tmp_path / "0.json").forward_size == (values["side"], values["side"])


def test_scores_that_are_not_equal_show_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference is that of the timed scores, not a constant."""
    way = WAYS["dilated"]
    monkeypatch.setitem(
        WAYS,
        "dilated",
        lambda net, stride: (way(net, stride)[0], lambda x: 0 * way(net, stride)[0](x)),
    )
    content = timed(tmp_path, way="dilated", backbone="alexnet", side=40, stride=16)
    assert content["costs"]["max_difference"] > 0.1


def test_every_way_can_be_configured_and_only_those() -> None:
    for way in WAYS:
        stride = 8 if way in ("shift-and-stitch", "dilated") else None
        assert Timing(way=way, backbone="vgg16", side=224, stride=stride).way == way
    literal = Timing.model_fields["way"].annotation.__args__
    assert set(literal) == set(WAYS)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"stride": 5}, "stride: 5; expected a divisor of the net's 32"),
        ({"stride": None}, "stride: None; expected a divisor of the net's 32"),
        ({"way": "convolutional"}, "stride: 8; expected none, as only dense maps have one"),
        ({"way": "quick"}, "way: 'quick'"),
        ({"way": "fully-connected", "stride": None}, "side: 40; expected 224, the window of a f"),
        ({"side": 4097}, "side: 4097"),
        ({"batch": 0}, "batch: 0"),
        ({"batch": 1025}, "batch: 1025"),
        ({"runs": 1001}, "runs: 1001"),
    ],
)
def test_a_timing_that_does_not_fit_is_refused(
    raw_config: dict[str, Any], values: dict[str, Any], problem: str
) -> None:
    timing = {"way": "dilated", "backbone": "vgg16", "side": 40, "stride": 8}
    entry = {"row": "X", "tables": ["skips"], "timing": timing | values}
    raw_config["experiments"]["x"] = entry
    with pytest.raises(InputError, match=rf"experiments\.x\.timing.*{problem}"):
        load_config(raw_config)


def test_a_timing_has_no_data_and_is_no_net(raw_config: dict[str, Any]) -> None:
    timing = {"way": "dilated", "backbone": "vgg16", "side": 40, "stride": 8}
    entry = {"row": "X", "tables": ["skips"], "timing": timing}
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"data": {"dataset": "voc2011-sbd", "test": "val"}}, "unknown key 'data'"),
        (
            {"upper_bound": {"factor": 8}},
            "upper_bound beside timing; expected one of: net and recipe; r",
        ),
        ({"paper": {"mean_iu": 1.0}}, r"x\.paper: mean_iu; expected costs, as a timing has no sc"),
        ({"paper": {"forward_ms": 1.0}}, "skips.columns: 'pixel_accuracy'; x is timed and has no"),
    ]
    for more, problem in mistakes:
        raw_config["experiments"]["x"] = entry | more
        with pytest.raises(InputError, match=problem):
            load_config(raw_config)


def test_each_way_has_a_record_of_its_own_experiment_and_values(tmp_path: Path) -> None:
    values = {"backbone": "alexnet", "width": 1 / 32, "side": 40, "stride": 16, "runs": 1}
    ways = ("dilated", "shift-and-stitch")
    timings = {f"a-{way}": Timing(way=way, **values).model_dump(mode="json") for way in ways}
    files = [tmp_path / f"{name}.json" for name in timings]
    time_ways(timings, metrics=files, seed=3, device="cpu", threads=1)
    for (name, timing), file in zip(timings.items(), files, strict=True):
        record = read_record(file)
        assert (record.experiment, record.seed) == (name, 3)
        assert record.provenance.values == {"timing": timing}
        assert len(record.runs_ms["forward"]) == 1
