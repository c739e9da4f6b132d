"""Resampled test images: against a plain loop, by property, and how often intervals hold truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from fcnlib.core.errors import InputError
from fcnlib.evaluation import bootstrap, metrics
from fcnlib.evaluation.bootstrap import Interval, intervals, paired_difference, resample
from fcnlib.evaluation.counts import ImageCounts

Counts = NDArray[np.int64]


def counted(counts: Counts, ids: list[str] | None = None) -> ImageCounts:
    return ImageCounts(ids or [f"img_{i}" for i in range(len(counts))], {"semantic": counts})


def random_counts(seed: int, images: int = 12, classes: int = 3) -> Counts:
    return np.random.default_rng(seed).integers(0, 50, (images, classes, classes))


some_counts = arrays.arrays(np.int64, (6, 3, 3), elements=st.integers(0, 20))


def naive(counts: Counts, weights: NDArray[np.float64]) -> dict[str, list[float]]:
    """The scores of each resample, counted image by image."""
    found: dict[str, list[float]] = {}
    for times in weights:
        total = np.zeros(counts.shape[1:], np.int64)
        for image, often in zip(counts, times, strict=True):
            for _ in range(int(often)):
                total += image
        with np.errstate(all="ignore"):
            for name, score in metrics.scores(total, background=True).items():  # type: ignore[arg-type]
                found.setdefault(name, []).append(score)
    return found


@settings(deadline=None, max_examples=30)
@given(counts=some_counts)
def test_scores_of_resamples_are_those_of_a_loop_over_images(counts: Counts) -> None:
    found = resample([counted(counts)], "semantic", resamples=20)
    ids = tuple(f"img_{i}" for i in range(6))
    expected = naive(counts, bootstrap._weights(ids, 20, 0))
    assert found.scores.keys() == expected.keys()
    for name, scores in expected.items():
        np.testing.assert_allclose(found.scores[name], scores, rtol=1e-12)


def test_the_first_are_the_scores_and_class_ius_of_all_images() -> None:
    counts = random_counts(0)
    found = resample([counted(counts)], "semantic")
    total = counts.sum(0)
    for name, score in metrics.scores(total, background=True).items():  # type: ignore[arg-type]
        assert found.scores[name][0] == pytest.approx(score, rel=1e-12)
    np.testing.assert_allclose(found.class_iu[0], metrics.class_iu(total))  # type: ignore[arg-type]


def test_each_resample_has_as_many_images_and_all_images_come_as_often() -> None:
    weights = bootstrap._weights(tuple("abcdefgh"), 4000, 0)
    assert weights.shape == (4001, 8) and (weights.sum(1) == 8).all() and (weights[0] == 1).all()
    np.testing.assert_allclose(weights[1:].mean(0), 1, atol=0.08)


@settings(deadline=None, max_examples=30)
@given(counts=some_counts)
def test_equal_nets_differ_by_0_in_an_interval_that_holds_0(counts: Counts) -> None:
    nets = [resample([counted(counts.copy())], "semantic", resamples=50) for _ in range(2)]
    found = paired_difference(*nets)
    for each in [*found.scores.values(), *filter(None, found.classes)]:
        assert each == Interval(0.0, 0.0, 0.0, 1.0) and not each.decided


@settings(deadline=None, max_examples=30)
@given(ours=some_counts, others=some_counts, order=st.permutations(range(6)))
def test_neither_the_order_of_images_nor_that_of_nets_matters(
    ours: Counts, others: Counts, order: list[int]
) -> None:
    ids = [f"img_{i}" for i in range(6)]
    a, b = (resample([counted(x, ids)], "semantic", resamples=50) for x in (ours, others))
    moved = counted(others[order], [ids[i] for i in order])
    there = paired_difference(a, b)
    assert there == paired_difference(a, resample([moved], "semantic", resamples=50))
    back = paired_difference(b, a)
    for name, each in there.scores.items():
        other = back.scores[name]
        assert (-other.difference, other.turned) == (each.difference, each.turned)
        assert (-other.high, -other.low) == pytest.approx((each.low, each.high), abs=1e-12)


def test_the_seed_decides_and_another_one_differs() -> None:
    run = counted(random_counts(0))
    one, same, other = (resample([run], "semantic", seed=seed) for seed in (1, 1, 2))
    assert (one.scores["mean_iu"] == same.scores["mean_iu"]).all()
    assert (one.scores["mean_iu"][1:] != other.scores["mean_iu"][1:]).any()
    assert one.scores["mean_iu"][0] == other.scores["mean_iu"][0]


def test_several_runs_count_by_their_mean() -> None:
    runs = [counted(random_counts(seed)) for seed in (0, 1)]
    both = resample(runs, "semantic")
    one, two = (resample([run], "semantic").scores["mean_iu"] for run in runs)
    np.testing.assert_allclose(both.scores["mean_iu"], (one + two) / 2)


def test_a_net_that_is_better_in_every_image_is_better_in_every_resample() -> None:
    good = np.tile(np.diag([90, 90]) + 10, (30, 1, 1))
    found = paired_difference(
        resample([counted(good)], "semantic"), resample([counted(good[:, ::-1])], "semantic")
    )
    each = found.scores["mean_iu"]
    assert each.low > 0 and each.turned == 0 and each.decided
    assert all(gain and gain.low > 0 for gain in found.classes)


def test_a_class_that_never_occurs_has_no_gain() -> None:
    counts = random_counts(0)
    counts[:, 2] = counts[:, :, 2] = 0
    net = resample([counted(counts)], "semantic")
    assert paired_difference(net, net).classes[2] is None
    assert "mean_iu" in paired_difference(net, net).scores


def test_images_without_a_labelled_pixel_have_no_difference_and_no_warning() -> None:
    net = resample([counted(np.zeros((4, 2, 2), np.int64))], "semantic")
    found = paired_difference(net, net)
    assert "mean_iu" not in found.scores and found.classes == [None, None]


def test_two_nets_of_other_images_or_classes_are_refused() -> None:
    counts = random_counts(0)
    net = resample([counted(counts)], "semantic")
    renamed = counted(counts, [f"other_{i}" for i in range(12)])
    with pytest.raises(InputError, match="expected the same images"):
        paired_difference(net, resample([renamed], "semantic"))
    with pytest.raises(InputError, match="expected the same images"):
        resample([counted(counts), renamed], "semantic")
    with pytest.raises(InputError, match="expected equal ones"):
        paired_difference(net, resample([counted(random_counts(0, classes=4))], "semantic"))
    with pytest.raises(InputError, match="counted twice"):
        resample([counted(counts, ["a"] * 12)], "semantic")
    with pytest.raises(InputError, match="no counts of depth; expected those of one of: semantic"):
        resample([counted(counts)], "depth")


def test_intervals_hold_the_true_difference_about_as_often_as_they_say() -> None:
    """Pixels that nets label right by chance: binomial, and images differ in how hard they are.

    Of 300 intervals of 95 %, 285 are to hold it; 270 to 297 is beyond four standard deviations.
    """
    generator = np.random.default_rng(0)

    def labelled(chances: NDArray[np.float64]) -> ImageCounts:
        right = generator.binomial(50, chances)
        off = np.zeros_like(right)
        return counted(np.stack([np.stack([right, 50 - right], 1), np.stack([off, off], 1)], 1))

    held = 0
    for _ in range(300):
        hard = generator.beta(4, 4, 60)
        a, b = labelled(0.5 + hard / 4), labelled(0.4 + hard / 4)
        nets = [resample([each], "semantic", resamples=400) for each in (a, b)]
        found = paired_difference(*nets).scores["pixel_accuracy"]
        held += found.low <= 0.1 <= found.high
    assert 270 <= held <= 297


def test_an_interval_leaves_out_resamples_without_a_difference() -> None:
    some, negative, unmeasured, never = intervals(
        np.array(
            [[1.0, np.nan, 1.0, 3.0], [-1.0, 1.0, -1.0, 1.0], [np.nan, 1, 1, 1], [1, *[np.nan] * 3]]
        )
    )
    assert some is not None and (some.difference, some.turned) == (1.0, 0.0)
    assert (some.low, some.high) == pytest.approx((1.05, 2.95))
    assert negative is not None and negative.turned == pytest.approx(2 / 3)
    assert unmeasured is None and never is None
