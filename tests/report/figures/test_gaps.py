"""Gaps between nets and the bounds of their strides."""

from pathlib import Path

from fixtures.pictures import files
from fixtures.results import write_mean_iu

from fcnlib.report.figures.gaps import plot_gaps
from fcnlib.report.figures.info import read_figure_info


def test_a_gap_is_from_the_net_to_the_first_bound_of_its_stride(tmp_path: Path) -> None:
    rows = [
        {"experiment": "b", "row": "32", "upper_bound": {"factor": 32}, "paper": {"mean_iu": 86.1}},
        {"experiment": "c", "row": "c", "upper_bound": {"factor": 32}},
        {"experiment": "n", "row": "Net", "stride": 32, "paper": {"mean_iu": 63.6}},
        {"experiment": "m", "row": "New", "stride": 32},
    ]
    numbers = [("b", 80, 0), ("c", 60, 0), ("n", 40, 0), ("n", 50, 1), ("m", 70, 0)]
    metrics = [write_mean_iu(tmp_path, name, score, seed=s) for name, score, s in numbers]
    plot_gaps({"name": "f", "title": "6.3", "rows": rows}, metrics=metrics, **files(tmp_path))
    alt = read_figure_info(tmp_path / "figure.json").alt
    assert "Net 35.0 points below it (paper: 22.5); New 10.0 points" in alt
    assert "New 10.0 points below it (paper: no number)" in alt
