"""Claims on the page: the numbers put in, the part that broke, and how far it is from turning."""

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.counts import counted
from fixtures.results import result

from fcnlib.core.errors import InputError
from fcnlib.evaluation.bootstrap import resample
from fcnlib.evaluation.counts import ImageCounts
from fcnlib.report.claims import Verdict
from fcnlib.report.page.claims import ClaimView, scorecard

NUMBERS = {"a": result("nets", "a", 56.7, 65.5), "b": result("nets", "b", 63.8, 63.6)}


def view(folder: Path, predicate: str, holds: bool | None, **more: Any) -> ClaimView:
    given = {"values": NUMBERS, "why": "", "standard_errors": None, "within_noise": False}
    samples = more.pop("samples", {})
    verdict = Verdict(
        id="it", statement="So.", section="1", holds=holds, predicate=predicate, tests=(),
        **{**given, **more},
    )  # fmt: skip
    path = folder / "claims.json"
    path.write_text(json.dumps([verdict.model_dump(mode="json")]), "utf-8")
    return scorecard(path, samples=samples)[0].claims[0]


def test_a_failed_comparison_says_by_how_much_with_the_published_numbers_beside(
    tmp_path: Path,
) -> None:
    (found,) = view(tmp_path, "a > b + 1", False).evidence
    assert (found.text, found.margin) == ("56.7 > 63.8 + 1", "8.1 short")
    assert found.paper == "65.5 > 63.6 + 1"
    (found,) = view(tmp_path, "b < a", False).evidence
    assert (found.text, found.margin) == ("63.8 < 56.7", "7.1 too much")


def test_of_joined_comparisons_the_broken_one_is_shown(tmp_path: Path) -> None:
    found = view(tmp_path, "b > 1 and a > b and a > 2", False)
    assert [each.text for each in found.evidence] == ["56.7 > 63.8"]
    assert found.further == "The claim makes 2 more comparisons, which hold."
    found = view(tmp_path, "b > a > 60", False)
    assert [each.text for each in found.evidence] == ["56.7 > 60"]
    assert found.further == "The claim makes one more comparison, which holds."
    assert view(tmp_path, "a > b and a > 60", False).further == ""


def test_of_a_claim_that_holds_the_closest_comparison_is_shown(tmp_path: Path) -> None:
    found = view(tmp_path, "b > 10 and b - a > 7", True)
    assert [(each.text, each.margin) for each in found.evidence] == [
        ("63.8 \N{MINUS SIGN} 56.7 > 7", "0.1 to spare")
    ]
    assert found.further == "The claim makes 2 comparisons, which all hold: this is the closest."


def test_a_margin_is_never_rounded_to_nothing(tmp_path: Path) -> None:
    values = {"a": result("nets", "a", 56.71, None), "b": result("nets", "b", 56.74, None)}
    (found,) = view(tmp_path, "a > b", False, values=values).evidence
    assert found == ("56.7 > 56.7", "0.03 short", False, "")


def test_what_was_never_reached_has_no_margin(tmp_path: Path) -> None:
    never = result("", "b", None, None, task="", metric="seconds_to_score")
    (found,) = view(tmp_path, "b < a", False, values=NUMBERS | {"b": never}).evidence
    assert found == ("never < 56.7", "", False, "")


def test_numbers_lead_to_their_rows(tmp_path: Path) -> None:
    never = result("", "b", None, None, task="", metric="seconds_to_score")
    numbers = view(tmp_path, "b < a", False, values=NUMBERS | {"b": never}).numbers
    assert [each.link for each in numbers] == ["row-nets-a", ""]


def test_it_says_how_many_resamples_of_the_images_turn_a_verdict(tmp_path: Path) -> None:
    samples = {
        name: {
            "semantic": resample(
                [ImageCounts(list(map(str, range(60))), {"semantic": counted(right, spread=9)})],
                "semantic",
            )
        }
        for name, right in (("a", 80), ("b", 81))
    }
    said = view(tmp_path, "a > b", False, samples=samples).chance
    assert "of 1,000 resamples of the test images turn" in said[0]
    assert said[1] == "One run each: no spread to estimate noise from."
    said = view(tmp_path, "a > 10", True, samples=samples).chance
    assert said[0] == "None of 1,000 resamples of the test images turns it over."
    assert len(view(tmp_path, "a > b", False).chance) == 1


@pytest.mark.parametrize(("b", "seeds"), [(57.7, "About 3"), (56.8, "More than 100")])
def test_seeds_that_would_decide_are_named_within_noise_alone(
    tmp_path: Path, b: float, seeds: str
) -> None:
    values = {
        "a": result("nets", "a", 56.7, None, std=0.4, seeds=2),
        "b": result("nets", "b", b, None, std=0.4, seeds=2),
    }
    noise = {"values": values, "standard_errors": 1.5}
    said = view(tmp_path, "a > b", False, within_noise=True, **noise).chance
    assert said[-1] == f"{seeds} seeds of each net would decide it."
    assert len(view(tmp_path, "a > b", False, within_noise=False, **noise).chance) == 1


def test_an_untested_claim_has_its_reason_and_no_evidence(tmp_path: Path) -> None:
    found = view(tmp_path, "a > b", None, why="Nobody knows.")
    assert (found.evidence, found.chance, found.why) == ([], [], "Nobody knows.")


@pytest.mark.parametrize("predicate", ["a >", "a > c", "a / (b - b) > 1"])
def test_a_predicate_that_was_edited_is_named(tmp_path: Path, predicate: str) -> None:
    with pytest.raises(InputError, match=r"claims\.json: it: predicate: a "):
        view(tmp_path, predicate, True)
