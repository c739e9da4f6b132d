"""Files of several nets, and curves made smooth."""

from pathlib import Path

import pytest

from fcnlib.core.errors import InputError
from fcnlib.report.figures.series import by_net, smooth, thousands
from fcnlib.report.specs import NetSpec

NETS = [NetSpec(experiment=name, row=name) for name in "ab"]


def test_files_belong_to_nets_by_their_order_and_not_by_their_names() -> None:
    found = by_net(["x/0", "x/1", "y/0", "y/1"], NETS)
    assert found == {"a": [Path("x/0"), Path("x/1")], "b": [Path("y/0"), Path("y/1")]}


@pytest.mark.parametrize("files", [[], ["a"], ["a", "b", "c"]])
def test_a_net_that_lacks_a_file_is_refused(files: list[str]) -> None:
    with pytest.raises(InputError, match=f"{len(files)} files of 2 nets; expected as many of"):
        by_net(files, NETS)


def test_a_smooth_curve_is_the_mean_of_a_tenth_around_each_point() -> None:
    points = [(float(i), float(i % 2)) for i in range(60)]
    found = smooth(points)
    assert [x for x, _ in found] == [x for x, _ in points]
    assert found[0][1] == (0 + 1 + 0 + 1) / 4 and found[30][1] == pytest.approx(4 / 7)


def test_ticks_are_short() -> None:
    assert [thousands(x, None) for x in (0, 500, 9999, 10_000, 25_500)] == [
        *("0", "500", "9999", "10k", "25.5k")
    ]
