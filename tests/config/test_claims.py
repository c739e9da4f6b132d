"""Claims of the studies: what is wrong in one, and what the project's own rest on."""

import ast
from pathlib import Path
from typing import Any

import pytest

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError

CLAIM = {
    "section": "1",
    "statement": "So.",
    "holds": "a > 1",
    "numbers": {"a": ["skips", "voc-fcn8s", "mean_iu"]},
}
NEAR = {"experiment": "voc-fcn8s-atonce", "score": "a", "within": 0.7, "cost": "seconds"}


def refusal(raw_config: dict[str, Any], claim: dict[str, Any]) -> str:
    """The one line in which a configuration with this claim is refused."""
    raw_config["claims"]["x"] = claim
    with pytest.raises(InputError) as error:
        load_config(raw_config)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"holds": "a >"}, "holds: does not parse"),
        ({"holds": "open(a) > 0"}, "`open(a)`: expected numbers, names"),
        ({"holds": "a > b"}, "reads 'b', which is not given"),
        ({"holds": "1 > 0"}, "does not read 'a'"),
        ({"numbers": {"a": ["skips", "voc-fcn8s", "mean_ui"]}}, "mean_ui"),
        ({"untested": "No."}, "expected one of holds, tests and untested"),
        (
            {"numbers": {}, "holds": "1 > 0"},
            "reads no measured number; expected tests, or untested",
        ),
        (
            {"reached": {"s": NEAR | {"score": "b"}}},
            "reached: score 'b'; expected a name of numbers",
        ),
        ({"reached": {"s": NEAR | {"cost": "days"}}}, "seconds"),
        ({"reached": {"s": NEAR | {"within": -1.0}}}, "greater than or equal to 0"),
        ({"reached": {"s": NEAR}}, "does not read 's'"),
        (
            {"published": {"a": ["skips", "voc-fcn8s", "mean_iu"]}},
            "in two of numbers, published and reached",
        ),
        ({"rows": []}, "unknown key 'rows'"),
    ],
)
def test_a_claim_that_is_wrong_in_itself_is_refused_in_one_line(
    raw_config: dict[str, Any], change: dict[str, Any], expected: str
) -> None:
    message = refusal(raw_config, CLAIM | change)
    assert expected in message and "claims.x" in message


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("lost", "voc-fcn8s", "mean_iu"), "'lost' is no table"),
        (("skips", "lost", "mean_iu"), "'lost' is no row of table skips"),
        (("skips", "voc-alexnet", "mean_iu"), "'voc-alexnet' is no row of table skips"),
        (("skips", "voc-fcn8s", "forward_ms"), "'forward_ms' is no column of table skips"),
    ],
)
def test_a_claim_on_what_is_not_there_is_refused_in_one_line(
    raw_config: dict[str, Any], place: tuple[str, str, str], expected: str
) -> None:
    message = refusal(raw_config, CLAIM | {"numbers": {"a": list(place)}})
    assert f"claims.x.numbers.a: {expected}" in message
    load_config(raw_config | {"claims": {"x": CLAIM}})


@pytest.mark.parametrize(
    ("near", "column", "expected"),
    [
        (NEAR | {"experiment": "lost"}, "mean_iu", "'lost' is no net that is trained"),
        (NEAR | {"experiment": "bound-8"}, "mean_iu", "'bound-8' is no net that is trained"),
        (NEAR, "training_s", "score 'a' is training_s; expected a mean_iu"),
    ],
)
def test_what_a_training_is_to_come_near_is_a_mean_iu(
    raw_config: dict[str, Any], near: dict[str, Any], column: str, expected: str
) -> None:
    numbers = {"a": ["skips", "voc-fcn8s", column]}
    change = {"numbers": numbers, "reached": {"s": near}, "holds": "s < 1"}
    assert f"claims.x.reached.s: {expected}" in refusal(raw_config, CLAIM | change)


def test_every_claim_says_where_it_stands_and_why_its_bounds_are_such(
    raw_config: dict[str, Any],
) -> None:
    config = load_config(raw_config)
    for name, claim in config.claims.items():
        assert claim.source, name
        bounds = {
            node.value
            for part in claim.comparisons
            for side in (part.larger, part.smaller)
            for node in ast.walk(side)
            if isinstance(node, ast.Constant)
        }
        within = {each.within for each in claim.reached.values()}
        assert bool(claim.tolerance) == bool(bounds | within), name


def test_the_papers_own_numbers_make_its_claims_true(raw_config: dict[str, Any]) -> None:
    """Where the paper gives all the numbers that a claim reads."""
    config = load_config(raw_config)
    published = {
        (table, name, column): value
        for name, entry in config.experiments.items()
        for table in entry.tables
        for column, value in entry.paper.items()
    }
    judged = 0
    for claim in config.claims.values():
        places = {**claim.numbers, **claim.published}
        known = all(place in published for place in places.values())
        if claim.holds is None or claim.reached or not known:
            continue
        values = {key: float(published[place]) for key, place in places.items()}
        assert [part.text for part in claim.comparisons if not part.holds(values)] == []
        judged += 1
    assert judged > 10


def test_tests_that_claims_name_are_there(raw_config: dict[str, Any], repository: Path) -> None:
    for claim in load_config(raw_config).claims.values():
        for test in claim.tests:
            file, _, function = test.partition("::")
            assert f"def {function}(" in (repository / file).read_text("utf-8")
