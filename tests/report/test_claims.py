"""The paper's claims against numbers: predicates, verdicts, noise, and claims.yaml itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures.page import facts
from hypothesis import given
from hypothesis import strategies as st

from fcnlib.config.columns import KEYS
from fcnlib.config.predicates import parse, standard_errors
from fcnlib.config.yaml_files import merged
from fcnlib.core.errors import InputError
from fcnlib.report.claims import (
    Claim,
    Claims,
    Place,
    check_claims,
    read_claims,
    read_verdicts,
    verdict,
    write_claims,
)
from fcnlib.report.results import Line, read_lines, write_lines
from fcnlib.report.tables import build_table

REPOSITORY = Path(__file__).parents[2]
LISTED = read_claims(REPOSITORY / "claims.yaml")
PUBLISHED = {"nets": "published"}


def line(experiment: str, measured: float | None, column: Any = "mean_iu", **more: Any) -> Line:
    task, metric = KEYS[column]
    values: dict[str, Any] = {"std": None, "seeds": 1, "paper": None, "unit": "%"} | more
    return Line("nets", experiment.title(), experiment, task, metric, measured, **values)


def claim(holds: str, **more: Any) -> Claim:
    """A claim on the mean IU of the rows that its predicate names."""
    names = sorted(
        {n for part in parse(holds) for n in part.names()} - more.get("published", {}).keys()
    )
    numbers = {name: ("nets", name, "mean_iu") for name in names}
    values = {"section": "1", "statement": "So.", "numbers": numbers, "holds": holds}
    return Claim.model_validate(values | more)


def judged(given: Claim, *lines: Line, images: Any = None) -> Any:
    found = {(one.table, one.experiment, one.column): one for one in lines}
    return verdict("it", given, found, PUBLISHED if images is None else images)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > b", True),
        ("b > a", False),
        ("a > b > c", True),
        ("a > c > b", False),
        ("c < b < a", True),
        ("a >= a and c <= c", True),
        ("a > a", False),
        ("a - b > 1 and b - c > 2", False),
        ("a - b > 1 and b - c > 1", True),
        ("abs(c - a) < 4.5", True),
        ("a > max(b, c) and c < min(a, b)", True),
        ("-a < 0", True),
        ("0.5 * a < b < 2 * a", True),
        ("a / b > 1.4", True),
        ("abs(0.9 ** (1 / 20) - 0.99) < 0.006", True),
        ("abs(0.9 ** (1 / 20) - 0.99) < 0.004", False),
        ("4097 < 0.001 * a", False),
    ],
)
def test_predicates_are_read_as_people_write_them(text: str, expected: bool) -> None:
    values = {"a": 6.0, "b": 4.0, "c": 2.0}
    assert all(part.holds(values) for part in parse(text)) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("a", "a +", "", "a == b", "a != b", "not a > b", "a > b or b > a", "a in b"),
        *("a > 'b'", "a > True", "a > b.c", "a > b[0]", "a > [1]", "a > (lambda: 1)()"),
        *("__import__('os').system('true') > 0", "open(a) > 0", "abs(a, key=b) > 0", "abs() > 0"),
        *("abs > 0", "max(*a) > 0", "a > (b := 1)", "a @ b > 0", "a % b > 0", "a > b, b", "a > 1j"),
    ],
)
def test_whatever_else_a_predicate_holds_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse(text)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_a_comparison_or_its_opposite_holds(a: float, b: float) -> None:
    values = {"a": a, "b": b}
    (more,), (less,) = parse("a > b"), parse("b >= a")
    assert more.holds(values) is not less.holds(values)


def test_standard_errors_are_those_of_the_difference() -> None:
    (part,) = parse("a - b > 1")
    apart = standard_errors(part, {"a": 8.0, "b": 2.0}, {"a": 0.3, "b": 0.4})
    assert apart == pytest.approx((8 - 2 - 1) / 0.5)
    (part,) = parse("a > 2 * b")
    apart = standard_errors(part, {"a": 8.0, "b": 2.0}, {"a": 0.0, "b": 0.5})
    assert apart == pytest.approx(4.0)
    assert standard_errors(part, {"a": 8.0, "b": 2.0}, {}) is None


def test_a_claim_is_true_or_false_by_the_measured_numbers_alone() -> None:
    order = claim("a > b")
    assert judged(order, line("a", 2.0, paper=1.0), line("b", 1.0, paper=9.0)).holds is True
    assert judged(order, line("a", 1.0, paper=9.0), line("b", 2.0, paper=1.0)).holds is False


def test_a_row_or_number_that_is_not_there_leaves_a_claim_untested_and_says_why() -> None:
    order = claim("a > b")
    found = judged(order, line("a", 2.0))
    assert found.holds is None and "no row b in its table nets" in found.why
    found = judged(order, line("a", 2.0), line("b", None, paper=3.0))
    assert found.holds is None and found.why == "B has no measured mean IU."
    served = claim("a > 1", numbers={"a": ("nets", "a", "voc2012_test_mean_iu")})
    found = judged(served, line("a", None, "voc2012_test_mean_iu"))
    assert found.holds is None and "evaluation server" in found.why
    found = judged(claim("a / b > 1"), line("a", 1.0), line("b", 0.0))
    assert found.holds is None and "cannot be computed" in found.why


def test_others_numbers_are_compared_with_on_the_published_images_only() -> None:
    better = claim("a > old", published={"old": ("nets", "old", "mean_iu")})
    lines = line("a", 2.0), line("old", None, seeds=None, paper=1.0)
    assert judged(better, *lines).holds is True
    for images in ("drawn", "own"):
        found = judged(better, *lines, images={"nets": images})
        assert found.holds is None and "published images" in found.why


def test_a_verdict_that_chance_may_have_made_is_within_noise() -> None:
    def ordered(b: float, std: float | None, seeds: int) -> Any:
        lines = [line("a", 2.0, std=std, seeds=seeds), line("b", b, std=std, seeds=seeds)]
        return judged(claim("a > b"), *lines)

    far, near, beyond = ordered(0.0, 0.5, 2), ordered(1.5, 0.5, 2), ordered(2.5, 0.5, 2)
    assert (far.holds, far.standard_errors, far.within_noise) == (True, 4.0, False)
    assert (near.holds, near.standard_errors, near.within_noise) == (True, 1.0, True)
    assert (beyond.holds, beyond.standard_errors, beyond.within_noise) == (False, 1.0, True)
    alone = ordered(1.5, None, 1)
    assert (alone.holds, alone.standard_errors, alone.within_noise) == (True, None, False)


def test_the_comparison_that_decides_tells_the_noise() -> None:
    def found(*values: float) -> Any:
        lines = [line(x, v, std=0.5, seeds=2) for x, v in zip("abc", values, strict=True)]
        return judged(claim("a > b > c"), *lines)

    assert found(9.0, 8.5, 1.0).standard_errors == 1.0  # one that turns over is enough
    assert found(8.5, 9.0, 1.0).standard_errors == 1.0  # the one that fails
    assert found(1.0, 1.5, 9.0).standard_errors == 15.0  # both have to turn over


def test_seeds_go_from_metrics_to_means_to_the_noise_of_a_verdict(tmp_path: Path) -> None:
    scores = {"a": (0.50, 0.52, 0.54), "b": (0.48, 0.50, 0.46)}
    paths = []
    for name, each in scores.items():
        for seed, score in enumerate(each):
            paths.append(tmp_path / f"{name}/{seed}.json")
            paths[-1].parent.mkdir(exist_ok=True)
            tasks = {"tasks": {"semantic": {"mean_iu": score}}}
            paths[-1].write_text(json.dumps(facts(name, seed) | tasks))
    rows = [{"experiment": name, "row": name} for name in scores]
    table = {"name": "nets", "title": "T", "columns": ["mean_iu"], "images": "drawn", "rows": rows}
    csv = tmp_path / "nets.csv"
    build_table(table, scale="demo", metrics=paths, csv=csv, markdown=tmp_path / "nets.md")
    lines = read_lines(csv)
    assert [(x.measured, x.std, x.seeds) for x in lines] == [(52.0, 2.0, 3), (48.0, 2.0, 3)]
    found = judged(claim("a > b"), *lines)
    apart = 4 / (2**2 / 3 + 2**2 / 3) ** 0.5
    assert found.holds and found.standard_errors == pytest.approx(apart, abs=0.01)


def test_claims_without_predicate_have_no_verdict() -> None:
    shown = Claim(section="1", statement="So.", tests=("tests/test_it.py::test_so",))
    assert judged(shown).holds is None and judged(shown).tests == shown.tests
    told = Claim(section="1", statement="So.", untested="Nobody knows.")
    assert judged(told).why == "Nobody knows."


def test_claims_json_reads_back_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    lines = [line("a", 2.0, std=0.1, seeds=3, paper=50.0), line("b", 1.5, std=0.1, seeds=3)]
    write_lines(tmp_path / "results.csv", lines)
    content = {"claims": {"x": claim("a > b").model_dump(exclude_none=True, mode="json")}}
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(content))
    given = {"claims": tmp_path / "claims.yaml", "results": tmp_path / "results.csv"}
    for name in ("one.json", "two.json"):
        write_claims(tmp_path / name, images=PUBLISHED, **given)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    (found,) = read_verdicts(tmp_path / "one.json")
    assert found.holds is True and found.values["a"].paper == 50.0 and found.values["a"].seeds == 3
    (tmp_path / "one.json").write_text("[{}]")
    with pytest.raises(InputError, match="expected claims"):
        read_verdicts(tmp_path / "one.json")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"holds": "a >"}, "holds: does not parse"),
        ({"holds": "open(a) > 0"}, "`open(a)`: expected numbers, names"),
        ({"holds": "a > b"}, "reads 'b', which is not given"),
        ({"holds": "1 > 0"}, "does not read 'a'"),
        ({"numbers": {"a": ["nets", "a", "mean_ui"]}}, "mean_ui"),
        ({"untested": "No."}, "expected one of holds, tests and untested"),
        ({"published": {"a": ["nets", "a", "mean_iu"]}}, "in numbers and in published"),
        ({"rows": []}, "unknown key 'rows'"),
    ],
)
def test_a_claim_that_is_wrong_in_itself_is_told_in_one_line(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    good = {
        "section": "1", "statement": "So.", "holds": "a > 1",
        "numbers": {"a": ["nets", "a", "mean_iu"]},
    }  # fmt: skip
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": {"x": good | change}}))
    with pytest.raises(InputError) as error:
        read_claims(path)
    assert told in str(error.value) and "claims.x" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (("lost", "a", "mean_iu"), "'lost' is no table; known: nets"),
        (("nets", "lost", "mean_iu"), "'lost' is no row of table nets"),
        (("nets", "b", "mean_iu"), "'b' is no row of table nets"),
        (("nets", "a", "forward_ms"), "'forward_ms' is no column of table nets"),
        (("nets", "a", "mean_iu"), None),
    ],
)
def test_a_claim_on_what_is_not_there_is_told_in_one_line(place: Any, told: str | None) -> None:
    content = {
        "tables": {"nets": {"columns": ["mean_iu"]}},
        "experiments": {"a": {"tables": ["nets"]}, "b": {"tables": []}},
    }
    one = claim("a > 1", numbers={"a": Place(*place)})
    claims = Claims(claims={"x": one})
    if told is None:
        return check_claims(claims, content, "claims.yaml")
    with pytest.raises(InputError) as error:
        check_claims(claims, content, "claims.yaml")
    assert str(error.value) == f"claims.yaml: claims.x: {told}"


def test_every_listed_claim_reads_what_is_there() -> None:
    check_claims(LISTED, merged([REPOSITORY / "config.yaml"]), "claims.yaml")


def published_lines() -> dict[Any, Line]:
    """Results as if every published number had been measured."""
    content = merged([REPOSITORY / "config.yaml"])
    lines = {}
    for name, entry in content["experiments"].items():
        for table in entry["tables"]:
            for column, value in entry.get("paper", {}).items():
                key = (table, name, column)
                lines[key] = line(name, value, column, paper=value)._replace(table=table)
    return lines


@pytest.mark.parametrize("name", LISTED.claims)
def test_the_papers_own_numbers_make_its_claims_true(name: str) -> None:
    lines, given = published_lines(), LISTED.claims[name]
    needed = [*given.numbers.values(), *given.published.values()]
    if given.holds is None or not all(place in lines for place in needed):
        return  # the paper gives no number
    values = {key: float(lines[place].paper or 0) for key, place in given.numbers.items()}
    values |= {key: float(lines[place].paper or 0) for key, place in given.published.items()}
    assert [part.text for part in given.comparisons if not part.holds(values)] == []


def test_tests_that_claims_name_are_there() -> None:
    for listed in LISTED.claims.values():
        for test in listed.tests:
            file, _, function = test.partition("::")
            assert f"def {function}(" in (REPOSITORY / file).read_text()
