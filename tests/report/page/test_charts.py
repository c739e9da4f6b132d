"""The charts that a reader explores, in a real browser."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from fixtures.browser import follow, hash_of, in_a_browser, violations
from fixtures.page import NETS_SPEC

from fcnlib.core.errors import InputError
from fcnlib.report.figures.curves import plot_curves
from fcnlib.report.figures.style import row_style
from fcnlib.report.page.charts import packed_specification
from fcnlib.report.page.page import PageInputs, write_page

pytestmark = in_a_browser
NEAR, SHARP = (row_style(place).colour for place in (0, 1))


def write_log(path: Path, *, level: float) -> Path:
    """A loss that falls from 40 to 1 times its level, and a score four times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iteration", "loss_per_pixel", "mean_iu"])
        for step in range(1, 41):
            score = "" if step % 10 else level * step / 100
            writer.writerow([20 * step, level * 40 / step, score])
    return path


@pytest.fixture(scope="module")
def address(finished) -> str:
    """A page with curves of two nets, each of two runs that differ."""
    folder = finished["output"].parent / "explored"
    logs = [
        write_log(folder / f"{net}/{seed}.csv", level=level * (1 + 0.2 * seed))
        for net, level in (("near", 1.0), ("sharp", 0.5))
        for seed in (0, 1)
    ]
    info = folder / "curves.json"
    plot_curves(
        NETS_SPEC, curves=logs, image=info.with_suffix(".svg"), info=info,
        chart=info.with_suffix(".vl.json"),
    )  # fmt: skip
    figures = [info if path.name == "curves.json" else path for path in finished["figures"]]
    output = finished["output"].with_name("explored.html")
    write_page(PageInputs(**finished | {"figures": figures, "output": output}))
    return output.as_uri()


def explore(page):
    page.locator("#more-nets-curves > summary").click()
    page.locator(".explore svg.marks").wait_for()
    return page.locator(".explore")


def labels(page, axis: str) -> list[str]:
    """The numbers along the `X` or `Y` axis of the upper panel."""
    place = {"X": "bottom", "Y": "left"}[axis]
    return page.locator(".explore svg.marks").evaluate(
        """(svg, place) => {
          const panel = svg.querySelector('.concat_0_group');
          const axes = [...panel.querySelectorAll('.role-axis')].map((axis) =>
            [...axis.querySelectorAll('.role-axis-label text')].filter((text) => text.textContent));
          const ends = (texts) => [texts[0], texts.at(-1)].map((text) =>
            text.getBoundingClientRect());
          const found = axes.filter((texts) => texts.length > 1).find((texts) => {
            const [a, b] = ends(texts);
            return (Math.abs(a.y - b.y) < 2) === (place === 'bottom');
          });
          return found.map((text) => text.textContent);
        }""",
        place,
    )


def lines_of(page, colour: str) -> int:
    return page.locator(f".explore svg.marks .mark-line path[stroke='{colour}']").count()


def value(page, row: str, column: int) -> float:
    cells = page.locator(".explore tbody tr").filter(has_text=row).locator("td")
    return float(cells.nth(column).inner_text())


def test_a_chart_is_made_when_its_part_is_opened_and_not_before(visit):
    opened = visit()
    assert opened.page.evaluate("typeof vegaEmbed") == "undefined"
    assert opened.page.locator(".explore").count() == 0
    explore(opened.page)
    assert not opened.page.locator("#more-nets-curves img").is_visible()
    assert opened.messages == []
    assert {url.partition(":")[0] for url in opened.requests} <= {"file", "data"}


def test_lines_have_the_colours_of_the_picture_and_bands_where_runs_differ(visit):
    page = visit().page
    explore(page)
    for colour in (NEAR, SHARP):
        assert lines_of(page, colour) == 2  # a line in each panel
        bands = page.locator(f".explore .mark-area path[fill='{colour}']")
        heights = bands.evaluate_all("all => all.map((band) => band.getBBox().height)")
        assert len(heights) == 2 and min(heights) > 20


def test_a_net_that_is_switched_off_disappears_and_its_axis_follows(visit):
    page = visit().page
    explore(page)
    page.get_by_role("checkbox", name="Near-sighted").uncheck()
    page.wait_for_function("location.hash.includes('chart.curves.nets=off.0')")
    page.wait_for_function(
        "colour => !document.querySelector(`.explore .mark-line path[stroke='${colour}']`)",
        arg=NEAR,
    )
    assert lines_of(page, SHARP) == 2
    page.get_by_role("checkbox", name="Near-sighted").check()
    page.locator(f".explore .mark-line path[stroke='{NEAR}']").first.wait_for()
    assert "chart" not in page.url


def test_dragging_over_the_chart_zooms_all_panels_and_a_double_click_goes_back(visit):
    page = visit().page
    plot = explore(page).locator(".plot")
    assert labels(page, "X") == [str(100 * i) for i in range(9)]
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 100, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Whole run").wait_for()
    page.wait_for_function("location.hash.includes('chart.curves.nets=')")
    start, end = (int(part) for part in hash_of(page).rpartition("=")[2].split("-"))
    assert 300 < start < 420 and 500 < end < 620
    shown = [float(text) for text in labels(page, "X")]
    assert start <= shown[0] and shown[-1] <= end
    plot.dblclick(position={"x": 200, "y": 100})
    page.wait_for_function("!location.hash.includes('chart')")
    page.locator(".explore button").wait_for(state="hidden")
    assert labels(page, "X") == [str(100 * i) for i in range(9)]


def test_the_ends_can_be_typed_and_what_is_no_range_is_put_back(visit):
    page = visit().page
    explore(page)
    page.get_by_label("iterations").fill("400")
    page.get_by_label("iterations").press("Enter")
    page.wait_for_function("location.hash.includes('nets=400-800')")
    page.get_by_label("to", exact=True).fill("300")
    page.get_by_label("to", exact=True).press("Enter")
    page.wait_for_function(
        "document.querySelectorAll('.explore input[type=number]')[1].value === '800'"
    )
    page.get_by_role("button", name="Whole run").click()
    page.wait_for_function("!location.hash.includes('chart')")


def test_the_loss_has_a_log_axis_that_can_be_linear(visit):
    page = visit().page
    explore(page)
    given = labels(page, "Y")
    assert {"1", "10"} <= set(given)
    page.get_by_label("log axis").uncheck()
    page.wait_for_function("location.hash.includes('chart.curves.nets=linear')")
    page.wait_for_timeout(200)
    steps = [float(text) for text in labels(page, "Y")]
    assert len({round(b - a, 6) for a, b in pairwise(steps)}) == 1


def test_one_cursor_is_in_all_panels_with_the_values_of_every_net(visit):
    page = visit().page
    plot = explore(page).locator(".plot")
    assert value(page, "Near", 0) == pytest.approx(
        1.1, rel=0.1
    )  # the mean of 1 and 1.2, at the end
    assert value(page, "Near", 1) == pytest.approx(44)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.53, box["y"] + 100)
    rules = ".explore .mark-rule line[opacity='0.6']"
    page.locator(rules).nth(1).wait_for(state="attached")
    assert page.locator(rules).count() == 2
    near, sharp = value(page, "Near", 0), value(page, "Sharp", 0)
    assert near > 1.5 and near == pytest.approx(2 * sharp, rel=0.02)
    assert value(page, "Near", 1) < 44


def test_a_link_shows_the_chart_that_its_sender_saw(visit, address):
    page = visit().page
    follow(page, address, "open=more-nets-curves&chart.curves.nets=linear,200-400,off.1")
    page.locator(".explore svg.marks").wait_for()
    assert lines_of(page, SHARP) == 0 and lines_of(page, NEAR) == 2
    assert not page.get_by_role("checkbox", name="Sharp").is_checked()
    assert not page.get_by_label("log axis").is_checked()
    assert float(labels(page, "X")[0]) >= 200


@pytest.mark.parametrize("damaged", ["", "x", "9-1", "off.99", "linear,,-,off.", "1e9-2e9"])
def test_an_address_of_no_chart_leaves_it_as_it_is(visit, address, damaged):
    opened = visit()
    follow(opened.page, address, f"x&open=more-nets-curves&chart.curves.nets={damaged}")
    opened.page.locator(".explore svg.marks").wait_for()
    assert lines_of(opened.page, NEAR) == 2
    assert opened.messages == []


def test_the_narrowest_screen_shows_the_whole_chart(visit):
    page = visit(width=280).page
    plot = explore(page).locator(".plot")
    assert plot.evaluate("plot => plot.scrollWidth <= plot.clientWidth")
    titles = plot.locator("svg.marks .role-title-text text")
    assert titles.count() == 2
    room = plot.bounding_box()
    for title in titles.all():
        box = title.bounding_box()
        assert box["x"] + box["width"] <= room["x"] + room["width"]


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_a_chart_is_as_wide_as_its_place(visit, width):
    page = visit(width=width).page
    plot = explore(page).locator(".plot")
    drawn, room = plot.locator("svg.marks").bounding_box(), plot.bounding_box()
    assert 0.75 * room["width"] < drawn["width"] <= room["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function("document.querySelector('.explore svg.marks').clientWidth < 480")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_keeps_nobody_out(visit, scheme):
    page = visit(color_scheme=scheme).page
    explore(page)
    assert violations(page) == []
    shade = page.locator(".explore .plot").evaluate("plot => getComputedStyle(plot).filter")
    assert ("invert" in shade) == (scheme == "dark")


def test_paper_and_a_browser_without_script_have_the_picture(visit):
    page = visit().page
    explore(page)
    page.emulate_media(media="print")
    assert page.locator("#more-nets-curves img").is_visible()
    assert not page.locator(".explore").is_visible()
    plain = visit(java_script_enabled=False).page
    plain.locator("#more-nets-curves > summary").click()
    assert plain.locator("#more-nets-curves img").is_visible()


def test_the_library_is_in_the_page_once_and_only_with_charts(finished, address):
    pages = finished["output"].parent
    assert (pages / "explored.html").read_text("utf-8").count('id="chart-library"') == 1
    others = [path for path in finished["figures"] if path.name != "curves.json"]
    plain = pages / "plain.html"
    write_page(PageInputs(**finished | {"figures": others, "output": plain}))
    assert 'id="chart-library"' not in plain.read_text("utf-8")


@pytest.mark.parametrize("content", [None, "{", "\xff"])
def test_a_chart_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "curves.vl.json"
    if content is not None:
        path.write_text(content, "latin-1")
    with pytest.raises(InputError, match=r"^\S+curves\.vl\.json: expected a chart as JSON: .+$"):
        packed_specification(path)
