"""Scores of counts: by hand, by property, and against an independent implementation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from fcnlib.core.errors import InputError
from fcnlib.evaluation import metrics

# Rows are the truth: 3 pixels of class 0 right, 1 taken for class 1; all 4 of class 1 right.
COUNTS = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])


def test_scores_of_a_hand_counted_matrix() -> None:
    assert metrics.scores(COUNTS) == pytest.approx(
        {
            "pixel_accuracy": 7 / 8,
            "mean_accuracy": (3 / 4 + 1) / 2,
            "mean_iu": (3 / 4 + 4 / 5) / 2,
            "frequency_weighted_iu": (4 * 3 / 4 + 4 * 4 / 5) / 8,
        }
    )


def test_class_that_never_occurs_has_no_iu_and_does_not_count() -> None:
    assert metrics.class_iu(COUNTS).isnan().tolist() == [False, False, True]


def test_class_predicted_but_never_true_lowers_mean_iu_but_not_mean_accuracy() -> None:
    counts = torch.tensor([[3, 1], [0, 0]])
    assert metrics.mean_iu(counts) == pytest.approx((3 / 4 + 0) / 2)
    assert metrics.mean_accuracy(counts) == pytest.approx(3 / 4)


# 10 pixels of background, 8 of them right; 4 of class 1, one lost to background and one to class 2;
# 6 of class 2, half right; no pixel of class 3, for which two are taken.
BACKGROUND = torch.tensor([[8, 1, 0, 1], [1, 2, 1, 0], [2, 0, 3, 1], [0, 0, 0, 0]])


def test_scores_average_over_the_classes_that_truly_occur() -> None:
    """SIFT Flow's test images have 30 of its 33 classes; another one taken for them is no class."""
    ious = [8 / (10 + 11 - 8), 2 / (4 + 3 - 2), 3 / (6 + 4 - 3)]
    assert metrics.scores(BACKGROUND)["mean_iu"] == pytest.approx(sum(ious) / 3)
    assert metrics.mean_iu(BACKGROUND) == pytest.approx(sum(ious) / 4)  # with 0 for class 3
    few = torch.tensor([False, True, False, False])
    assert metrics.mean_iu(BACKGROUND, few) == pytest.approx(2 / 5)


def test_background_can_be_left_out_of_the_mean_or_of_the_truth() -> None:
    found = metrics.scores(BACKGROUND, background=True)
    assert found["background_accuracy"] == pytest.approx(8 / 10)
    assert found["mean_iu_without_background"] == pytest.approx((2 / 5 + 3 / 7) / 2)
    # Without the pixels of true background, class 1 has 2 predicted pixels and no more 3.
    assert found["mean_iu_foreground_truth"] == pytest.approx((2 / 4 + 3 / 7) / 2)
    assert BACKGROUND[0, 0] == 8
    assert metrics.scores(BACKGROUND) == {name: found[name] for name in metrics.METRICS}


def test_void_pixels_are_not_counted() -> None:
    truth = torch.tensor([[0, 255], [1, 1]], dtype=torch.uint8)
    predicted = torch.tensor([[0, 1], [0, 1]], dtype=torch.uint8)
    assert metrics.confusion(predicted, truth, 2).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        ([-1, 0], [1, 0], "predicted class -1; expected 0..2"),
        ([3, 0], [1, 0], "predicted class 3; expected 0..2"),
        ([1, 0], [-2, 255], "true class -2; expected 0..2"),
    ],
)
def test_a_label_of_no_class_is_refused(
    predicted: list[int], truth: list[int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        metrics.confusion(torch.tensor(predicted), torch.tensor(truth), 3)


labels = arrays.arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 2, 3, 255]))
predictions = arrays.arrays(np.uint8, (6, 7), elements=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(truth=labels, predicted=predictions)
def test_counts_equal_torchmetrics(truth: np.ndarray, predicted: np.ndarray) -> None:
    truth, predicted = torch.from_numpy(truth), torch.from_numpy(predicted)
    theirs = MulticlassConfusionMatrix(4, ignore_index=255)
    assert torch.equal(
        metrics.confusion(predicted, truth, 4), theirs(predicted.long(), truth.long())
    )


@settings(max_examples=30, deadline=None)
@given(truth=labels, predicted=predictions)
def test_class_iu_equals_torchmetrics(truth: np.ndarray, predicted: np.ndarray) -> None:
    truth, predicted = torch.from_numpy(truth), torch.from_numpy(predicted)
    ours = metrics.class_iu(metrics.confusion(predicted, truth, 4))
    theirs = MulticlassJaccardIndex(4, ignore_index=255, average="none")
    expected = theirs(predicted.long(), truth.long())
    occurs = ~ours.isnan()
    torch.testing.assert_close(ours[occurs], expected[occurs].float())


@settings(max_examples=30, deadline=None)
@given(truth=labels, predicted=predictions)
def test_counts_of_parts_add_up(truth: np.ndarray, predicted: np.ndarray) -> None:
    truth, predicted = torch.from_numpy(truth), torch.from_numpy(predicted)
    whole = metrics.confusion(predicted, truth, 4)
    parts = [metrics.confusion(predicted[i], truth[i], 4) for i in range(len(truth))]
    assert torch.equal(whole, torch.stack(parts).sum(0))
    assert whole.sum() == (truth != 255).sum()


@settings(max_examples=30, deadline=None)
@given(truth=labels)
def test_a_perfect_prediction_scores_one(truth: np.ndarray) -> None:
    truth = torch.from_numpy(truth)
    if (truth != 255).any():
        counts = metrics.confusion(truth.where(truth != 255, 0), truth, 4)
        assert metrics.scores(counts) == pytest.approx(dict.fromkeys(metrics.METRICS, 1.0))


def test_counts_of_a_large_set_do_not_overflow() -> None:
    counts = torch.full((2, 2), 2**40)
    assert metrics.pixel_accuracy(counts) == 0.5
