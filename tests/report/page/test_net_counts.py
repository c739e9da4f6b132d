"""Counts of nets for the page."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.page import run_metadata

from fcnlib.evaluation.record import Record
from fcnlib.report.page.net_counts import Confused, counts_of_nets

IMAGES = np.array([
    [[5, 3, 0], [0, 4, 0], [0, 0, 0]],
    [[5, 1, 0], [2, 4, 0], [0, 0, 0]],
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    [[5, 9, 0], [0, 4, 7], [0, 0, 0]],
    [[5, 2, 0], [0, 4, 0], [0, 0, 0]],
])  # fmt: skip


def run(folder: Path, seed: int, counts: np.ndarray | None, ids: str = "abcde"):
    path = folder / f"{seed}.json"
    if counts is not None:
        np.savez(path.with_suffix(".npz"), ids=np.array(list(ids)), semantic=counts)
    return path, Record(**run_metadata("net", seed), images=len(IMAGES), tasks={"semantic": {}})


def test_the_images_with_most_of_a_confusion_are_named_the_most_first(tmp_path):
    found = counts_of_nets({"net": [run(tmp_path, 0, IMAGES)]})["net"].tasks["semantic"]
    assert found.images == ["a", "b", "c", "d", "e"]
    assert found.confused == [
        Confused(0, 1, [(3, 9), (0, 3), (4, 2)]),
        Confused(1, 0, [(1, 2)]),
        Confused(1, 2, [(3, 7)]),
    ]
    assert found.total.tolist() == IMAGES.sum(0).tolist()


def test_an_image_without_a_labelled_pixel_has_no_iu(tmp_path):
    found = counts_of_nets({"net": [run(tmp_path, 0, IMAGES)]})["net"].tasks["semantic"]
    assert found.image_iu[2] is None
    assert found.image_iu[0] == pytest.approx(100 * (5 / 8 + 4 / 7) / 2)


def test_counts_of_several_runs_are_added(tmp_path):
    runs = [run(tmp_path, 0, IMAGES), run(tmp_path, 1, 2 * IMAGES)]
    found = counts_of_nets({"net": runs})["net"]
    assert found.tasks["semantic"].total.tolist() == (3 * IMAGES.sum(0)).tolist()
    assert found.samples["semantic"].images == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize("second", [None, "abcdx"])
def test_a_net_whose_runs_lack_counts_or_share_no_images_is_left_out(tmp_path, second):
    other = run(tmp_path, 1, None if second is None else IMAGES, second or "")
    assert counts_of_nets({"net": [run(tmp_path, 0, IMAGES), other]}) == {}
