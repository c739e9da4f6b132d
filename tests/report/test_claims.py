"""The paper's claims against numbers: verdicts and noise."""

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.marks import WHY, write_unavailable
from fixtures.page import table_files
from fixtures.results import write_metrics

from fcnlib.config.columns import RESULT_KEYS
from fcnlib.config.predicates import parse
from fcnlib.config.schema_claims import Claim
from fcnlib.core.errors import InputError
from fcnlib.report.claims import by_place, read_verdicts, verdict, write_claims
from fcnlib.report.results import ResultRow, read_results, result_rows, results_frame, write_results
from fcnlib.report.tables import build_table


def row(experiment: str, measured: float | None, column: Any = "mean_iu", **more: Any) -> ResultRow:
    task, metric = RESULT_KEYS[column]
    values: dict[str, Any] = {"std": None, "seeds": 1, "paper": None, "unit": "%"} | more
    return ResultRow("nets", experiment.title(), experiment, task, metric, measured, **values)


def claim(holds: str, **more: Any) -> Claim:
    """A claim on the mean IU of the rows that its predicate names."""
    names = sorted(
        {n for part in parse(holds) for n in part.names()} - more.get("published", {}).keys()
    )
    numbers = {name: ("nets", name, "mean_iu") for name in names}
    values = {"section": "1", "statement": "So.", "numbers": numbers, "holds": holds}
    return Claim.model_validate(values | more)


def judged(given: Claim, *rows: ResultRow, images: str = "published") -> Any:
    return verdict("it", given, by_place(row._replace(images=images) for row in rows))


def test_a_claim_is_true_or_false_by_the_measured_numbers_alone() -> None:
    order = claim("a > b")
    assert judged(order, row("a", 2.0, paper=1.0), row("b", 1.0, paper=9.0)).holds is True
    assert judged(order, row("a", 1.0, paper=9.0), row("b", 2.0, paper=1.0)).holds is False


def test_a_row_or_number_that_is_not_there_leaves_a_claim_untested_with_a_reason() -> None:
    order = claim("a > b")
    found = judged(order, row("a", 2.0))
    assert found.holds is None and "no row b in its table nets" in found.why
    found = judged(order, row("a", 2.0), row("b", None, paper=3.0))
    assert found.holds is None and found.why == "B has no measured mean IU."
    server_score = claim("a > 1", numbers={"a": ("nets", "a", "voc2012_test_mean_iu")})
    found = judged(server_score, row("a", None, "voc2012_test_mean_iu"))
    assert found.holds is None and "evaluation server" in found.why
    found = judged(claim("a / b > 1"), row("a", 1.0), row("b", 0.0))
    assert found.holds is None and "cannot be computed" in found.why


def test_others_numbers_are_compared_with_on_the_published_images_only() -> None:
    better = claim("a > old", published={"old": ("nets", "old", "mean_iu")})
    rows = row("a", 2.0), row("old", None, seeds=None, paper=1.0)
    assert judged(better, *rows).holds is True
    for images in ("synthetic", "own"):
        found = judged(better, *rows, images=images)
        assert found.holds is None and "published images" in found.why


def test_a_verdict_close_to_turning_over_is_within_noise() -> None:
    def ordered(b: float, std: float | None, seeds: int) -> Any:
        rows = [row("a", 2.0, std=std, seeds=seeds), row("b", b, std=std, seeds=seeds)]
        return judged(claim("a > b"), *rows)

    far, near, beyond = ordered(0.0, 0.5, 2), ordered(1.5, 0.5, 2), ordered(2.5, 0.5, 2)
    assert (far.holds, far.standard_errors, far.within_noise) == (True, 4.0, False)
    assert (near.holds, near.standard_errors, near.within_noise) == (True, 1.0, True)
    assert (beyond.holds, beyond.standard_errors, beyond.within_noise) == (False, 1.0, True)
    alone = ordered(1.5, None, 1)
    assert (alone.holds, alone.standard_errors, alone.within_noise) == (True, None, False)


def test_the_noise_is_that_of_the_deciding_comparison() -> None:
    def found(*values: float) -> Any:
        rows = [row(x, v, std=0.5, seeds=2) for x, v in zip("abc", values, strict=True)]
        return judged(claim("a > b > c"), *rows)

    assert found(9.0, 8.5, 1.0).standard_errors == 1.0  # one that turns over is enough
    assert found(8.5, 9.0, 1.0).standard_errors == 1.0  # the one that fails
    assert found(1.0, 1.5, 9.0).standard_errors == 15.0  # both have to turn over


def test_seeds_go_from_metrics_to_means_to_the_noise_of_a_verdict(tmp_path: Path) -> None:
    scores = {"a": (0.50, 0.52, 0.54), "b": (0.48, 0.50, 0.46)}
    paths = []
    for name, each in scores.items():
        for seed, score in enumerate(each):
            paths.append(write_metrics(tmp_path, name, seed, mean_iu=score))
    rows = [{"experiment": name, "row": name} for name in scores]
    table = {
        "name": "nets",
        "title": "T",
        "columns": ["mean_iu"],
        "images": "synthetic",
        "rows": rows,
    }
    csv = tmp_path / "nets.csv"
    build_table(table, scale="demo", metrics=paths, **table_files(csv))
    rows = result_rows(read_results(csv))
    assert [(x.measured, x.std, x.seeds) for x in rows] == [(52.0, 2.0, 3), (48.0, 2.0, 3)]
    found = judged(claim("a > b"), *rows)
    apart = 4 / (2**2 / 3 + 2**2 / 3) ** 0.5
    assert found.holds and found.standard_errors == pytest.approx(apart, abs=0.01)


def curve(path: Path, *mean_ius: float) -> Path:
    """A learning curve that was validated every 10 seconds, of 4 images each."""
    lines = [f"{4 * i},{10 * i},{value}" for i, value in enumerate(mean_ius, 1)]
    path.write_text("\n".join(["images,seconds,mean_iu", *lines]) + "\n", "utf-8")
    return path


def nearing(holds: str, **more: Any) -> Claim:
    """A claim on what b's training took to come within a point of a."""
    near = {"experiment": "b", "score": "a", "within": 1.0, "cost": "seconds"} | more
    return claim(holds, numbers={"a": ("nets", "a", "mean_iu")}, reached={"s": near})


def test_a_training_is_counted_up_to_its_first_validation_near_a_score(tmp_path: Path) -> None:
    curves = {"b": [curve(tmp_path / "0.csv", 0.2, 0.495, 0.3, 0.6)]}
    rows = by_place([row("a", 50.0), row("b", 60.0)])
    found = verdict("it", nearing("s < 25"), rows, curves)
    assert found.holds is True and found.values["s"].measured == 20.0
    assert (found.values["s"].row, found.values["s"].column) == ("B", "seconds_to_score")
    images = verdict("it", nearing("s < 7", cost="images"), rows, curves)
    assert images.holds is False and images.values["s"].measured == 8
    exact = verdict("it", nearing("s < 25", within=0.0), rows, curves)
    assert exact.holds is False and exact.values["s"].measured == 40.0
    curves["b"].append(curve(tmp_path / "1.csv", 0.2, 0.3, 0.3, 0.6))
    both = verdict("it", nearing("s < 25"), rows, curves)
    assert (both.values["s"].measured, both.values["s"].seeds) == (30.0, 2)
    assert both.standard_errors == 0.5 and both.within_noise


def test_a_training_that_never_comes_near_took_longer_than_any(tmp_path: Path) -> None:
    curves = {"b": [curve(tmp_path / "0.csv", 0.2, 0.3), curve(tmp_path / "1.csv", 0.2, 0.6)]}
    rows = by_place([row("a", 50.0, std=1.0, seeds=2), row("b", 45.0)])
    found = verdict("it", nearing("s < 0.5 * a"), rows, curves)
    assert (found.holds, found.standard_errors) == (False, None)
    assert found.why == "B never came near that score." and found.values["s"].measured is None
    assert verdict("it", nearing("s > 25"), rows, curves).holds is True
    assert "NaN" not in found.model_dump_json() and "nfinity" not in found.model_dump_json()


def test_a_single_validation_does_not_tell_when_a_training_came_near(tmp_path: Path) -> None:
    rows = by_place([row("a", 50.0), row("b", 60.0)])
    found = verdict("it", nearing("s < 25"), rows, {"b": [curve(tmp_path / "0.csv", 0.6)]})
    assert found.holds is None and "validated at its end alone" in found.why
    found = verdict("it", nearing("s < 25"), rows, {"b": [curve(tmp_path / "0.csv", 0.4)]})
    assert found.holds is False and "never came near" in found.why
    found = verdict("it", nearing("s < 25"), rows)
    assert found.holds is None and found.why == "This run does not train b."


def test_claims_without_predicate_have_no_verdict() -> None:
    by_tests = Claim(section="1", statement="So.", tests=("tests/test_it.py::test_so",))
    assert judged(by_tests).holds is None and judged(by_tests).tests == by_tests.tests
    untested = Claim(section="1", statement="So.", untested="Nobody knows.")
    assert judged(untested).why == "Nobody knows."


def test_claims_json_reads_back_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    rows = [row("a", 2.0, std=0.1, seeds=3, paper=50.0), row("b", 1.5, std=0.1, seeds=3)]
    write_results(tmp_path / "results.csv", results_frame(rows))
    claims = {"x": claim("a > b").model_dump(mode="json")}
    for name in ("one.json", "two.json"):
        write_claims(tmp_path / name, claims=claims, results=tmp_path / "results.csv")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    (found,) = read_verdicts(tmp_path / "one.json")
    assert found.holds is True and found.values["a"].paper == 50.0 and found.values["a"].seeds == 3
    (tmp_path / "one.json").write_text("[{}]", "utf-8")
    with pytest.raises(InputError, match="expected claims"):
        read_verdicts(tmp_path / "one.json")


def test_a_claim_on_a_net_that_was_not_available_is_untested_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_results(path, results_frame([row("a", 2.0), row("b", None)]))
    write_claims(
        tmp_path / "claims.json",
        claims={"it": claim("a > b").model_dump(), "other": claim("a > 1").model_dump()},
        results=path,
        metrics=[write_unavailable(tmp_path, "b")],
    )
    it, other = read_verdicts(tmp_path / "claims.json")
    assert it.holds is None and it.why.startswith(WHY) and other.holds is True


def test_a_net_that_collapsed_decides_no_claim(tmp_path: Path) -> None:
    path, metrics = tmp_path / "results.csv", write_metrics(tmp_path, "b", 0, mean_iu=0.034)
    write_results(path, results_frame([row("a", 56.7), row("b", 3.4)]))
    content = json.loads(metrics.read_text("utf-8"))
    content["tasks"]["semantic"]["class_iu"] = [0.7, 0.0, 0.0]
    metrics.write_text(json.dumps(content | {"parameters": 9}), "utf-8")
    claims = {"it": claim("a > b").model_dump(), "other": claim("a > 1").model_dump()}
    write_claims(tmp_path / "claims.json", claims=claims, results=path, metrics=[metrics])
    it, other = read_verdicts(tmp_path / "claims.json")
    assert it.holds is None and other.holds is True
    assert it.why == "B: collapsed; it labels every pixel as one class (seed 0)."
    assert it.values["b"].measured == 3.4  # all the same, for people to judge


TIMED = {
    "name": "nets", "title": "Nets", "columns": ["mean_iu", "forward_ms", "training_s"],
    "images": "synthetic", "rows": [{"experiment": x, "row": x.upper()} for x in "ab"],
}  # fmt: skip
CLAIMS_ON_TIMES = {
    "score": claim("a > b"),
    "forward": claim("a < b", numbers={x: ("nets", x, "forward_ms") for x in "ab"}),
    "training": claim("a < b", numbers={x: ("nets", x, "training_s") for x in "ab"}),
}


def judged_of_times(folder: Path, beside: dict[str, float]) -> dict[str, Any]:
    """The verdicts of two nets, of which the second was timed beside other work."""
    paths = []
    for name, score in (("a", 0.5), ("b", 0.4)):
        costs = {"forward_ms": 10 * (1 - score), "training_s": 10 * (1 - score)}
        paths.append(write_metrics(folder, name, 0, mean_iu=score, costs=costs))
    content = json.loads(paths[1].read_text("utf-8"))
    paths[1].write_text(json.dumps(content | {"beside": beside}), "utf-8")
    build_table(TIMED, scale="demo", metrics=paths, **table_files(folder / "nets.csv"))
    write_claims(
        folder / "claims.json", claims={x: y.model_dump() for x, y in CLAIMS_ON_TIMES.items()},
        results=folder / "nets.csv", metrics=paths,
    )  # fmt: skip
    return {found.id: found for found in read_verdicts(folder / "claims.json")}


def test_times_beside_other_work_decide_no_claim_and_the_reason_is_said(tmp_path: Path) -> None:
    found = judged_of_times(tmp_path, {"ms": 0.48, "s": 0.02})
    assert found["forward"].holds is None
    assert found["forward"].why == (
        "B: timed while other work used 48 % of the machine's processors; "
        "a verdict on times needs less than 10 %."
    )
    assert found["score"].holds is True and found["training"].holds is True
    found = judged_of_times(tmp_path, {"s": 0.3})
    assert found["training"].holds is None and "B: trained while" in found["training"].why
    assert found["forward"].holds is True


@pytest.mark.parametrize("beside", [{}, {"ms": 0.099, "s": 0.0}])
def test_times_measured_alone_or_on_an_unknown_machine_decide(
    tmp_path: Path, beside: dict[str, float]
) -> None:
    assert all(found.holds for found in judged_of_times(tmp_path, beside).values())


def test_a_training_until_a_score_is_timed_too(tmp_path: Path) -> None:
    curve = tmp_path / "a.csv"
    curve.write_text("seconds,images,mean_iu\n5,10,0.3\n9,20,0.5\n", "utf-8")
    rows = by_place([row("b", 40.0), row("b", 99.0, "training_s", unit="s")])
    for cost, holds in (("seconds", None), ("images", True)):
        until = {"took": {"experiment": "a", "score": "b", "cost": cost}}
        given = claim("took < 50 and b > 0", numbers={"b": ("nets", "b", "mean_iu")}, reached=until)
        found = verdict("it", given, rows, {"a": [curve]}, {("a", "s"): "A was busy."})
        assert found.holds is holds and found.why == ("" if holds else "A was busy.")
