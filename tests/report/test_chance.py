"""How far differences and verdicts are from turning over: by other images, and by other seeds."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.results import result
from fixtures.runs import RUN

from fcnlib.config.predicates import parse
from fcnlib.evaluation.bootstrap import Resampled, resample
from fcnlib.evaluation.counts import ImageCounts
from fcnlib.evaluation.record import Record
from fcnlib.report.chance import (
    SeedSpread,
    claim_chance,
    counts_of_runs,
    image_difference,
    net_samples,
    seed_difference,
    seeds_needed,
)
from fcnlib.report.claims import Verdict
from fcnlib.report.results import ResultRow


def counted(right: int, *, images: int = 40, prefix: str = "img") -> ImageCounts:
    """Images of two classes, of which a net labels so many of 100 pixels right, more or less."""
    generator = np.random.default_rng(right)
    hits = generator.integers(max(0, right - 5), right + 6, (images, 2))
    counts = np.zeros((images, 2, 2), np.int64)
    for label in (0, 1):
        counts[:, label, label] = hits[:, label]
        counts[:, label, 1 - label] = 100 - hits[:, label]
    return ImageCounts([f"{prefix}_{i}" for i in range(images)], {"semantic": counts})


def samples(right: int, **more: Any) -> dict[str, Resampled]:
    return {"semantic": resample([counted(right, **more)], "semantic")}


def judged(predicate: str, holds: bool | None, **values: ResultRow) -> Verdict:
    return Verdict(
        id="it", statement="So.", section="1", holds=holds, why="", predicate=predicate, tests=(),
        standard_errors=None, within_noise=False, values=values,
    )  # fmt: skip


def row(name: str, measured: float | None, **more: Any) -> ResultRow:
    return result("nets", name, measured, None, **more)


def test_a_difference_over_images_is_in_percent_and_has_a_sign() -> None:
    found = image_difference(samples(90), samples(60), "mean_iu")
    assert found is not None and 20 < found.low < found.difference < found.high < 60
    assert found.turned == 0 and found.decided
    back = image_difference(samples(60), samples(90), "mean_iu")
    assert back is not None and back.difference == -found.difference


def test_nets_of_other_images_other_classes_or_without_counts_have_no_difference() -> None:
    assert image_difference(samples(90), samples(60, prefix="other"), "mean_iu") is None
    assert image_difference(samples(90), {}, "mean_iu") is None
    assert image_difference(samples(90), samples(60), "geometric_pixel_accuracy") is None
    assert image_difference(samples(90), samples(60), "forward_ms") is None


def test_samples_of_a_net_are_read_from_the_counts_beside_its_metrics_files(
    tmp_path: Path,
) -> None:
    record = Record(**dict(RUN), images=len(counted(60).ids), tasks={"semantic": {}})
    runs = [(tmp_path / f"{seed}.json", record) for seed in (0, 1)]
    for (path, _), right in zip(runs, (60, 80), strict=True):
        counts = counted(right)
        np.savez(path.with_suffix(".npz"), ids=counts.ids, **counts.tasks)
    found = net_samples(counts_of_runs(runs))["semantic"].scores["pixel_accuracy"][0]
    assert found == pytest.approx(0.7, abs=0.01)
    runs[1][0].with_suffix(".npz").unlink()
    assert (
        net_samples(counts_of_runs(runs)) == {}
    )  # a mean over some of the runs would be of another number


def test_the_spread_between_seeds_is_that_of_both_means() -> None:
    ours, others = row("a", 60.0, std=3.0, seeds=9), row("b", 58.0, std=2.0, seeds=4)
    assert seed_difference(ours, others) == SeedSpread(2.0, math.hypot(1.0, 1.0))
    found = seed_difference(ours, row("b", 50.0))  # one run, taken to spread alike
    assert found == SeedSpread(10.0, math.hypot(1.0, 3.0)) and found.decided
    assert seed_difference(row("a", 60.0), row("b", 58.0)) is None
    assert seed_difference(ours, row("b", None)) is None


def test_more_seeds_are_needed_the_closer_a_comparison_is() -> None:
    (part,) = parse("a > b")
    one = {"a": 1.0, "b": 1.0}  # of single runs
    needed = [seeds_needed(part, {"a": 50.0 + x, "b": 50.0}, one) for x in (0.5, 1.0, 2.0, -2.0)]
    assert needed == sorted(needed, reverse=True) and needed[2] == needed[3]
    # (2 + 0.84) standard errors of a difference of 2 with a deviation of 1.41.
    assert needed[2] == math.ceil((2.8416 * math.sqrt(2) / 2) ** 2) == 5
    assert seeds_needed(part, {"a": 60.0, "b": 50.0}, one) == 2
    assert seeds_needed(part, {"a": 50.0, "b": 50.0}, one) is None
    assert seeds_needed(part, {"a": 60.0, "b": 50.0}, {}) is None


def test_so_many_seeds_decide_about_as_often_as_promised() -> None:
    (part,) = parse("a > b")
    needed = seeds_needed(part, {"a": 51.0, "b": 50.0}, {"a": 1.0, "b": 1.0})
    assert needed is not None
    generator = np.random.default_rng(0)
    decided = 0
    for _ in range(400):
        runs = [generator.normal(mean, 1.0, needed) for mean in (51.0, 50.0)]
        a, b = (
            row("x", float(each.mean()), std=float(each.std(ddof=1)), seeds=needed) for each in runs
        )
        found = seed_difference(a, b)
        decided += found is not None and found.decided and found.difference > 0
    assert 0.72 < decided / 400 < 0.88


def test_a_true_claim_needs_all_comparisons_decided_and_a_false_one_one_that_fails() -> None:
    def rows(*values: float) -> dict[str, ResultRow]:
        return {x: row(x, v, std=1.0, seeds=2) for x, v in zip("abc", values, strict=True)}

    true = claim_chance(judged("a > b > c", True, **rows(60.0, 59.0, 50.0)), {})
    assert true is not None and [part.holds for part in true.parts] == [True, True]
    assert true.seeds_needed == max(part.seeds_needed or 0 for part in true.parts) > 2
    false = claim_chance(judged("a > b > c", False, **rows(50.0, 55.0, 56.0)), {})
    assert false is not None and false.seeds_needed == false.parts[0].seeds_needed
    assert [part.margin for part in false.parts] == [-5.0, -1.0]
    assert false.parts[1].standard_errors == pytest.approx(1.0)


def test_a_verdict_turns_over_in_a_share_of_the_resamples() -> None:
    nets = {"a": samples(80), "b": samples(79), "c": samples(50)}
    values = {
        name: row(name, 100 * float(each["semantic"].scores["mean_iu"][0]))
        for name, each in nets.items()
    }
    close = claim_chance(judged("a > b", True, a=values["a"], b=values["b"]), nets)
    clear = claim_chance(judged("a > c", True, a=values["a"], c=values["c"]), nets)
    assert close is not None and close.turned is not None and 0 < close.turned < 0.5
    assert clear is not None and clear.turned == 0.0
    bound = claim_chance(judged("a > 30", True, a=values["a"]), nets)
    assert bound is not None and bound.turned == 0.0 and bound.seeds_needed is None
    without = claim_chance(judged("a > b", True, a=values["a"], b=values["b"]), {})
    assert without is not None and without.turned is None


def test_numbers_that_claims_read_may_be_published_or_never_reached() -> None:
    old = row("old", None)._replace(paper=50.0)
    found = claim_chance(judged("a > old", True, a=row("a", 60.0), old=old), {})
    assert found is not None and found.parts[0].margin == 10.0
    never = claim_chance(judged("s < 10", False, s=row("s", None)), {})
    assert never is not None and never.parts[0].margin == -math.inf
    assert claim_chance(judged("", None), {}) is None
