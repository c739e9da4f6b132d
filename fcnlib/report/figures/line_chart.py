"""Charts of curves to explore on the page: Vega-Lite specifications, made by Altair."""

import csv
import io
import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from fcnlib.core.files import atomic_write
from fcnlib.report.figures.series import Band, thinned
from fcnlib.report.figures.style import RowStyle

WIDTH = 640  # pixels, until the page knows better
FIELDS = ("panel", "net", "x", "value", "low", "high")
# What matplotlib's dashes and markers are called in Vega; those of its lines are 1.3 pt wide.
DASHES = {"-": [1, 0], "--": [6, 3], ":": [2, 3], "-.": [10, 3, 2, 3]}
CROSSED = "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z"
SHAPES = {
    **{"o": "circle", "s": "square", "D": "diamond", "^": "triangle-up", "v": "triangle-down"},
    **{"P": "cross", "X": CROSSED},
}
# The page's own parameters: what is zoomed to, and the nets that are switched off.
WITHIN = "datum.x >= start && datum.x <= end && indexof(off, datum.net) < 0"

# Shared by the panels: where the reader points to, and what the reader drags over.
CURSOR = alt.selection_point(
    name="cursor", encodings=["x"], nearest=True, on="pointermove", clear="pointerout"
)
BRUSH = alt.selection_interval(name="brush", encodings=["x"])

NUMBER = "format(datum.value, '~g')"
SOME = f"datum.label ? {NUMBER} : ''"  # a log axis leaves out some labels


class Panel(NamedTuple):
    """One of the charts below each other: a line for each net, with a band where runs differ."""

    name: str
    title: str
    height: int
    log: bool
    markers: bool
    lines: Sequence[tuple[str, Band]]  # by net


def write_line_chart(
    path: Path | str,
    panels: Sequence[Panel],
    *,
    x: str,
    styles: Sequence[tuple[str, RowStyle]],
    description: str,
) -> None:
    """Write panels of lines over the same `x` as a Vega-Lite specification.

    Args:
        path: The file to write.
        panels: What to plot; a panel without lines is left out.
        x: What the lines run over.
        styles: Of each net by its name, in the order of the legend.
        description: What the lines and bands are, in sentences.
    """
    panels = [panel for panel in panels if panel.lines]
    with warnings.catch_warnings():  # Altair warns that the panels share their selections
        warnings.simplefilter("ignore", UserWarning)
        chart = alt.vconcat(
            *(_panel(panel, styles, x if panel is panels[-1] else "") for panel in panels),
            data=_data(panels),
            description=description,
            usermeta=_legend(panels, styles),
        )
    ends = [float(band.x[-1]) for panel in panels for _, band in panel.lines]
    chart = chart.add_params(
        alt.param(name="start", value=0),
        alt.param(name="end", value=max(ends, default=1)),
        alt.param(name="off", value=[]),
    ).configure(**_config())
    with atomic_write(Path(path)) as temporary:
        temporary.write_text(json.dumps(chart.to_dict(), separators=(",", ":")), "utf-8")


def _data(panels: Sequence[Panel]) -> alt.InlineData:
    """The points as CSV, which is a third of what they are as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for panel in panels:
        for net, band in panel.lines:
            for x, *numbers in zip(*thinned(band), strict=True):
                texts = (_text(each, panel.log) for each in numbers)
                writer.writerow([panel.name, net, f"{x:g}", *texts])
    types = {"panel": "string", "net": "string"} | dict.fromkeys(FIELDS[2:], "number")
    form = alt.CsvDataFormat(type="csv", parse=types)
    return alt.InlineData(values=text.getvalue(), format=form, name="points")


def _text(value: float, log: bool) -> str:
    """The number, or nothing where no axis has a place for it."""
    return f"{value:.5g}" if math.isfinite(value) and (value > 0 or not log) else ""


def _legend(panels: Sequence[Panel], styles: Sequence[tuple[str, RowStyle]]) -> dict[str, Any]:
    """What the page makes its legend of, with the values at the cursor."""
    return {
        "panels": [panel.name for panel in panels],
        "nets": [[net, style.colour, DASHES[style.dash]] for net, style in styles],
    }


def _panel(panel: Panel, styles: Sequence[tuple[str, RowStyle]], x: str) -> Any:
    kind = alt.Scale(type="log", nice=False) if panel.log else alt.Scale(zero=False)
    along = alt.Scale(domain=[{"expr": "start"}, {"expr": "end"}], nice=False, zero=False)
    lines = (
        alt.Chart()
        .transform_filter(f"datum.panel === {json.dumps(panel.name)} && {WITHIN}")
        .encode(
            x=alt.X("x:Q", scale=along, title=x or None, axis=alt.Axis(tickCount=6, format="~s")),
            color=_by_net([(net, style.colour) for net, style in styles], alt.Color),
        )
    )
    label = NUMBER if panel.log and _decades(panel) < 1 else SOME
    number = alt.Y("value:Q", scale=kind, title=None, axis=alt.Axis(labelExpr=label, tickCount=5))
    dashes = _by_net([(net, DASHES[style.dash]) for net, style in styles], alt.StrokeDash)
    shapes = _by_net([(net, SHAPES[style.marker]) for net, style in styles], alt.Shape)
    rule = (
        alt.Chart()
        .transform_filter("datum.x >= start && datum.x <= end")
        .transform_aggregate(groupby=["x"])
        .mark_rule()
        .encode(x="x:Q", opacity=alt.condition(CURSOR, alt.value(0.6), alt.value(0), empty=False))
        .add_params(CURSOR, BRUSH)
    )
    layers = [
        rule,
        lines.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", scale=kind, title=None), y2="high:Q"),
        lines.mark_line(strokeWidth=2).encode(y=number, strokeDash=dashes),
    ]
    if panel.markers:
        layers.append(
            lines.mark_point(filled=True, size=36, opacity=1).encode(y=number, shape=shapes)
        )
    return alt.layer(*layers, title=panel.title, width=WIDTH, height=panel.height)


def _decades(panel: Panel) -> float:
    """How many powers of ten its numbers span."""
    every = np.concatenate([values for _, band in panel.lines for values in (band.low, band.high)])
    shown = every[np.isfinite(every) & (every > 0)]
    return float(np.log10(shown.max() / shown.min())) if shown.size else 0.0


def _by_net(values: Sequence[tuple[str, Any]], channel: Any) -> Any:
    """An encoding that gives each net the value of its style; the page has the legend."""
    scale = alt.Scale(domain=[net for net, _ in values], range=[value for _, value in values])
    return channel("net:N", scale=scale, legend=None)


def _config() -> dict[str, Any]:
    """As the pictures that it takes the place of: on white, without a frame, with a light grid."""
    return {
        "background": "white",
        "font": "system-ui, sans-serif",
        "view": alt.ViewConfig(stroke=None),
        "title": alt.TitleConfig(anchor="start", frame="group", fontSize=13, fontWeight=600),
        "axis": alt.AxisConfig(gridColor="#e3e6ea", domainColor="#8a9099", tickColor="#8a9099"),
    }
