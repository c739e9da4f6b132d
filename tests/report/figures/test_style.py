"""The style that figures share."""

import pytest
from fixtures.page import plot_all
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from fcnlib.report.figures.style import legend_above, new_figure, row_style, row_styles
from fcnlib.report.specs import NetSpec


def test_figures_are_the_same_bytes_each_time(run):
    figures = run / "results/demo/figures"
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    plot_all(run / "results/demo", run / "data/toy")
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before
    assert len(before) == 11


def test_a_row_has_the_same_colour_in_every_chart_of_its_table(run):
    figures = run / "results/demo/figures"
    for position in (0, 1):
        for name in ("curves.svg", "class_iu.svg"):
            assert row_style(position).colour in (figures / name).read_text("utf-8").lower()


@pytest.mark.parametrize("length", [4, 12, 31, 60])
def test_a_legend_of_long_names_stays_within_the_figure(length):
    with new_figure(5.4, 4.0) as figure:
        axes = figure.subplots()
        for index in range(8):
            axes.plot([0, 1], label=f"{index}".ljust(length, "e"))
        legend_above(figure, axes)
        figure.draw_without_rendering()
        (legend,) = figure.legends
        assert legend.get_window_extent().x1 <= figure.bbox.x1
        assert axes.get_window_extent().height > 2.6 * figure.dpi  # the chart pays nothing for it


@given(st.integers(1, 42))
def test_no_two_rows_of_a_table_have_the_same_colour(count):
    nets = [NetSpec(experiment=str(index), row="") for index in range(count)]
    styles = row_styles(nets).values()
    assert len({style.colour for style in styles}) == count
    assert len({(style.dash, style.marker) for style in styles}) == min(count, 28)


def test_a_net_has_the_style_of_its_position_in_the_table():
    nets = [
        NetSpec(experiment=name, row="", position=place) for name, place in (("a", 2), ("b", 9))
    ]
    assert row_styles(nets) == {"a": row_style(2), "b": row_style(9)}


def test_all_colours_stand_out_from_white():
    for position in range(14):
        assert sum(to_rgb(row_style(position).colour)) < 2.3
