"""What the page's script shows of each net."""

import json
from pathlib import Path

import numpy as np
import pytest
from fixtures.page import run_metadata

from fcnlib.evaluation.record import Record
from fcnlib.report.claims import Verdict
from fcnlib.report.page.net_counts import NetCounts, TaskCounts
from fcnlib.report.page.net_data import CURVE_POINTS, IMAGES, net_data
from fcnlib.report.results import ResultRow


def record(name: str = "net", seed: int = 0, class_iu=(0.5, None, 0.25)) -> Record:
    scores = {"semantic": {"mean_iu": 0.5, "class_iu": list(class_iu)}}
    return Record(**run_metadata(name, seed), dataset="toy", tasks=scores)


def counted(image_iu: list[float | None]) -> NetCounts:
    ids = [f"img{place}" for place in range(len(image_iu))]
    return NetCounts({"semantic": TaskCounts(ids, np.eye(3, dtype=int), image_iu, [])}, {})


def data_of(runs, counts=None, curves=None, verdicts=()):
    return net_data(runs, counts or {}, {}, curves or {}, verdicts)


def test_a_classs_iu_is_the_mean_over_runs_in_percent():
    runs = [(Path("0"), record()), (Path("1"), record(seed=1, class_iu=(0.75, None, None)))]
    assert data_of({"net": runs}).nets["net"]["tasks"]["semantic"]["iu"] == [62.5, None, 25.0]


@pytest.mark.parametrize("class_iu", [None, [0.5, 0.5]])
def test_runs_with_other_classes_have_no_iu_by_class(class_iu):
    other = record(seed=1).model_copy(update={"tasks": {"semantic": {"class_iu": class_iu}}})
    runs = [(Path("0"), record()), (Path("1"), other)]
    assert data_of({"net": runs}).nets["net"]["tasks"]["semantic"]["iu"] == []


def test_the_worst_and_the_best_images_are_named_without_those_that_have_no_score():
    scores = [30.0, None, float("nan"), 10.0, 50.04, *[20.0] * 9]
    data = data_of({"net": [(Path("0"), record())]}, {"net": counted(scores)})
    task = data.nets["net"]["tasks"]["semantic"]
    assert task["worst"][0] == [3, 10.0] and task["best"][:2] == [[4, 50.0], [0, 30.0]]
    assert len(task["worst"]) == len(task["best"]) == IMAGES
    assert data.images[task["images"]][3] == "img3"
    json.dumps(data, allow_nan=False)


def test_nets_of_the_same_images_share_their_ids():
    runs = {name: [(Path("0"), record(name))] for name in "abc"}
    counts = {"a": counted([1.0]), "b": counted([2.0]), "c": counted([1.0, 2.0])}
    data = data_of(runs, counts)
    keys = [data.nets[name]["tasks"]["semantic"]["images"] for name in "abc"]
    assert keys[0] == keys[1] != keys[2]
    assert len(data.images) == 2
    assert list(data.classes) == ["toy/semantic/3"]


def test_a_curve_has_few_points_and_ends_where_it_ends(tmp_path):
    path = tmp_path / "0.csv"
    lines = [f"{place},{'nan' if place == 7 else 2.0}," for place in range(1, 1000)]
    path.write_text("\n".join(["iteration,loss_per_pixel,mean_iu", *lines, "1000,2.0,0.5\n"]))
    curve = data_of({"net": [(Path("0"), record())]}, curves={"net": [path]}).nets["net"]["curve"]
    assert curve["iu"] == [(1000.0, 50.0)]
    assert len(curve["loss"]) <= CURVE_POINTS
    assert curve["loss"][-1] == (1000.0, 2.0)
    assert {y for _, y in curve["loss"]} == {2.0}


def test_the_claims_that_rest_on_a_net_are_listed_once():
    row = ResultRow("t", "Net", "net", "semantic", "mean_iu", 1.0, None, 1, None, "%")
    verdict = Verdict(
        id="better", statement="", section="", holds=True, why="", predicate="", tests=(),
        standard_errors=None, within_noise=False,
        values={"a": row, "b": row, "c": row._replace(experiment="other")},
    )  # fmt: skip
    runs = {name: [(Path("0"), record(name))] for name in ("net", "other", "third")}
    nets = data_of(runs, verdicts=[verdict]).nets
    assert [nets[name]["claims"] for name in runs] == [["better"], ["better"], []]
