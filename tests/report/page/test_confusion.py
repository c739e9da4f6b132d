"""What a net labels as what, for the page."""

import numpy as np
import pytest

from fcnlib.datasets.reader import DatasetInfo
from fcnlib.report.page.classes import classes_of
from fcnlib.report.page.confusion import (
    LARGEST,
    Frequent,
    confusion_table,
    most_frequent,
    task_data,
)
from fcnlib.report.page.net_counts import Confused, NetCounts, TaskCounts
from fcnlib.report.specs import TableSpec

INFO = DatasetInfo(
    name="toy",
    tasks={"semantic": ("background", "cat", "dog")},
    palette={"semantic": ((0, 0, 0), (128, 0, 0), (0, 128, 0))},
    means={"test": {"rgb": (0.0, 0.0, 0.0)}},
    splits={"test": 2},
    digest="",
)
CLASSES = classes_of({"toy": INFO}, "toy", "semantic", 3)
TOTAL = np.array([[80, 20, 0], [1, 2, 1], [0, 0, 0]])


def counts(total: np.ndarray, confused: list[Confused] | None = None) -> TaskCounts:
    return TaskCounts(["a", "b"], total, [10.0, None], confused or [])


def test_confusions_are_ordered_by_their_share_of_the_class():
    assert most_frequent(TOTAL, CLASSES) == [
        Frequent("cat", "background", 25.0),
        Frequent("cat", "dog", 25.0),
        Frequent("background", "cat", 20.0),
    ]


def test_one_class_is_never_confused():
    assert most_frequent(np.array([[7]]), classes_of({}, "", "semantic", 1)) == []


def test_classes_have_the_data_sets_names_and_colours():
    assert CLASSES.names == ("background", "cat", "dog")
    assert CLASSES.colours == ["#000000", "#800000", "#008000"]
    assert classes_of({"toy": INFO}, "toy", "foreground", 2).names == ("cat", "dog")


@pytest.mark.parametrize(("dataset", "number"), [("toy", 5), ("other", 3)])
def test_classes_of_another_data_set_are_numbered(dataset, number):
    names = classes_of({"toy": INFO}, dataset, "semantic", number).names
    assert names == [f"class {index}" for index in range(number)]


def test_a_confusion_names_images_from_half_a_percent_of_its_class_on():
    total = np.array([[994, 4, 5], [0, 1, 0], [0, 0, 1]])
    confused = [Confused(0, 1, [(0, 4)]), Confused(0, 2, [(1, 3), (0, 2)])]
    data = task_data(counts(total, confused))
    assert data == {"counts": total.tolist(), "most": []}
    total[0] = 900, 4, 5
    assert task_data(counts(total, confused))["most"] == [[0, 2, 1, 3, 0, 2]]


def test_of_too_many_classes_those_with_most_pixels_are_kept_and_no_pixel_is_lost():
    total = np.eye(300, dtype=np.int64) * np.arange(300)[:, None]
    total[299, 7] = 5
    total[299, 298] = 9
    confused = [Confused(299, 7, [(0, 5)]), Confused(299, 298, [(0, 9)])]
    data = task_data(counts(total, confused))
    assert data["kept"] == list(range(300 - LARGEST, 300))
    assert len(data["counts"]) == LARGEST + 1
    assert sum(map(sum, data["counts"])) == total.sum()
    assert data["counts"][LARGEST - 1][LARGEST] == 5  # labelled as one of the others
    assert data["most"] == [[LARGEST - 1, LARGEST - 2, 0, 9]]


def test_a_table_says_which_rows_have_no_counts():
    rows = [{"experiment": name, "row": name.upper()} for name in ("a", "b", "timed")]
    table = TableSpec(name="t", title="T", columns=["mean_iu"], images="synthetic", rows=rows)
    counted = {"a": NetCounts({"semantic": counts(TOTAL)}, {})}
    found = confusion_table(table, {"a": "toy", "b": "toy"}, counted, {"toy": INFO})
    assert [net.row for net in found.nets] == ["A"]
    assert found.nets[0].frequent["semantic"][0] == Frequent("cat", "background", 25.0)
    assert found.missing == ["B"]
    assert found.classes == 3
