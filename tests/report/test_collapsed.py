"""Nets that label every pixel as one class."""

import pytest

from fcnlib.evaluation.record import Provenance, Record
from fcnlib.report.collapsed import collapse_reason, collapsed


def record(*class_iu: float | None, seed: int = 0, **changes: object) -> Record:
    values = changes.pop("values", {})
    provenance = Provenance(
        device="cpu", commit="c", dirty=False, date="2026", versions={}, values=values
    )
    fields = {"experiment": "net", "seed": seed, "provenance": provenance, "parameters": 9}
    tasks = {"semantic": {"class_iu": list(class_iu)}}
    return Record.model_validate({**fields, "tasks": tasks, **changes})


@pytest.mark.parametrize(
    ("scores", "one_class"),
    [
        ((0.7, 0.0, 0.0), True),
        ((0.0, 0.4, None), True),  # a class that does not occur tells nothing
        ((0.7, 0.001, 0.0), False),
        ((0.7, None, None), False),  # all that there is, is right
        ((0.0, 0.0), False),  # never right: two classes at least were chosen
        ((), False),
    ],
)
def test_a_net_collapsed_if_one_class_of_several_is_ever_right(scores, one_class):
    assert collapsed(record(*scores)) is one_class


def test_upper_bounds_and_nets_on_masked_images_do_not_collapse():
    assert not collapsed(record(0.7, 0.0, parameters=None))
    assert not collapsed(record(0.7, 0.0, values={"data": {"test_mask": "foreground"}}))
    assert collapsed(record(0.7, 0.0, values={"data": {"test_mask": "none"}}))


def test_the_reason_names_the_seeds_that_collapsed():
    runs = [record(0.7, 0.0, seed=0), record(0.7, 0.1, seed=1), record(0.7, 0.0, seed=2)]
    assert collapse_reason("A", runs) == (
        "A: collapsed; it labels every pixel as one class (seed 0, 2)."
    )
    assert collapse_reason("A", runs[1:2]) == ""
