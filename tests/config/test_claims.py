"""Claims of the studies: what is wrong in one, and what the project's own rest on."""

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
            {"published": {"a": ["skips", "voc-fcn8s", "mean_iu"]}},
            "in both numbers and published",
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
        if claim.holds is None or not all(place in published for place in places.values()):
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
