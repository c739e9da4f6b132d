"""Momentum against batch size: the relation, and the chart of runs."""

from pathlib import Path

import pytest
from fixtures.pictures import files
from fixtures.results import write_mean_iu
from hypothesis import given
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.momentum import equivalent_momentum, plot_momentum


def test_momentum_of_a_batch_is_that_of_as_many_images_one_by_one() -> None:
    assert equivalent_momentum(0.9, 20, 1) == pytest.approx(0.99475, abs=1e-5)
    assert equivalent_momentum(0.9, 20, 20) == pytest.approx(0.9)


@given(st.floats(0.01, 0.999), st.integers(1, 64), st.integers(1, 64))
def test_the_relation_goes_both_ways(momentum: float, batch: int, other: int) -> None:
    there = equivalent_momentum(momentum, batch, other)
    assert equivalent_momentum(there, other, batch) == pytest.approx(momentum, rel=1e-6)


def test_momenta_and_batches_are_those_that_the_runs_were_made_with(tmp_path: Path) -> None:
    metrics = [
        write_mean_iu(tmp_path, "a", 30, momentum=0.9, batch_size=20),
        write_mean_iu(tmp_path, "b", 40, momentum=0.99475, batch_size=1),
        write_mean_iu(tmp_path, "b", 50, seed=1, momentum=0.99475, batch_size=1),
    ]
    figure = {
        "name": "f",
        "title": "6.2",
        "rows": [{"experiment": x, "row": x.upper()} for x in "ab"],
    }
    plot_momentum(figure, metrics=metrics, **files(tmp_path))
    info = read_figure_info(tmp_path / "figure.json")
    assert "A (p 0.9, k 20) 30.0%, B (p 0.99475, k 1) 45.0%" in info.alt
    assert "as for A" in info.caption
    plain = write_mean_iu(tmp_path, "a", 30)
    with pytest.raises(InputError, match=r"a/0\.json: settings: no momentum"):
        plot_momentum(figure, metrics=[plain, *metrics[1:]], **files(tmp_path))
