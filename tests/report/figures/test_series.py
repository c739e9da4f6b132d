"""Files of several nets, and curves made smooth."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from fcnlib.core.errors import InputError
from fcnlib.report.figures.series import by_net, log_losses, smooth, thousands
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


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.72, 1.5, ["0.8", "0.9", "1"]),
        (0.15, 1.1, ["0.2", "0.3", "0.4", "0.6", "0.8", "1"]),
        (0.04, 1.1, ["0.05", "0.1", "0.2", "0.5", "1"]),
        (0.93, 0.99, ["0.93", "0.94", "0.95", "0.96", "0.97", "0.98"]),
    ],
)
def test_a_log_axis_has_labels_however_little_it_spans(
    low: float, high: float, expected: list[str]
) -> None:
    axes = Figure().subplots()
    log_losses(axes)
    axes.set_ylim(low, high)
    axis = axes.yaxis
    ticks = [
        (place, text)
        for places, formatter in (
            (axis.get_majorticklocs(), axis.get_major_formatter()),
            (axis.get_minorticklocs(), axis.get_minor_formatter()),
        )
        for place, text in zip(places, formatter.format_ticks(places), strict=True)
    ]
    assert [text for value, text in sorted(ticks) if text and low <= value < high] == expected
