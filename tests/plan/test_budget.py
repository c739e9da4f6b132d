"""Which claims a budget decides."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.config.load import load_config
from fcnlib.core.errors import InputError
from fcnlib.plan.budget import claimed_rows, select_claims

ROWS = ("a", "b", "c", "d")
JOBS = {"a": {"a"}, "b": {"a", "b"}, "c": {"a", "b", "c"}, "d": {"d"}}  # b starts from a, c from b


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("wxyz"), st.sets(st.sampled_from(ROWS), min_size=1)),
    st.lists(st.floats(0.1, 100), min_size=4, max_size=4),
    st.floats(0.1, 300),
)
def test_a_budget_is_never_exceeded_and_each_claim_has_all_its_rows(
    rows: dict[str, set[str]], times: list[float], budget: float
) -> None:
    seconds = dict(zip(ROWS, times, strict=True))
    claims = {claim: sorted(each) for claim, each in rows.items()}
    try:
        selected = select_claims(claims, JOBS, seconds, budget)
    except InputError:
        cost = [sum(seconds[j] for j in set().union(*(JOBS[r] for r in c))) for c in rows.values()]
        assert min(cost) > budget
        return
    taken = {row for each in selected for row in each.rows}
    done = set().union(*(JOBS[row] for row in taken)) if taken else set()
    assert sum(seconds[job] for job in done) <= budget + 1e-6
    assert sum(each.seconds for each in selected) == pytest.approx(sum(seconds[j] for j in done))
    decided = [claim for each in selected for claim in (each.claim, *each.also)]
    assert len(decided) == len(set(decided))
    assert all(JOBS[row] <= done for claim in decided for row in claims[claim])


def test_claims_that_cost_least_come_first_and_bring_those_that_are_decided_with_them() -> None:
    claims = {"dear": ["d"], "pair": ["a", "b"], "chain": ["c"], "part": ["b"]}
    selected = select_claims(claims, JOBS, {"a": 1, "b": 1, "c": 0.5, "d": 50}, 10)
    assert [(each.claim, each.also, each.seconds) for each in selected] == [
        ("chain", ("pair", "part"), 2.5)
    ]
    assert set(selected[0].rows) == {"a", "b", "c"}


def test_claims_of_equal_cost_are_selected_in_their_order() -> None:
    times = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    names = [f"row{number}" for number in range(20)]
    jobs = {name: {f"{name}/{i}" for i in range(len(times))} for name in names}
    seconds = {f"{name}/{i}": each for name in names for i, each in enumerate(times)}
    selected = select_claims({name: [name] for name in names}, jobs, seconds, 1000)
    assert [each.claim for each in selected] == names


def test_a_budget_below_the_cheapest_claim_is_refused_in_one_line() -> None:
    with pytest.raises(InputError) as error:
        select_claims(
            {"first": ["a"], "second": ["d"]}, JOBS, {"a": 7200, "b": 1, "c": 1, "d": 9000}, 3600
        )
    assert str(error.value) == (
        "--budget: 1 h; expected 2 h or more, which claim 'first' takes, the cheapest to decide"
    )


def test_claims_that_no_run_decides_need_no_rows(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config)
    claims = claimed_rows(config.claims, config.experiments)
    assert claims.keys() == {name for name, claim in config.claims.items() if claim.holds}
    assert all(rows for rows in claims.values())
    assert set(claims["at-once-equal"]) == {"voc-fcn8s-atonce", "voc-fcn8s"}
    # Others' numbers cost nothing, but their row must be there to be read.
    assert set(claims["vgg16-above-sds"]) == {"voc2011-vgg16", "published-sds"}


def test_claims_on_rows_that_are_not_run_are_left_out(raw_config: dict[str, Any]) -> None:
    config = load_config(raw_config)
    known = config.experiments.keys() - {"voc-fcn8s"}
    assert "at-once-equal" not in claimed_rows(config.claims, known)
