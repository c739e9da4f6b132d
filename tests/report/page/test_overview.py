"""The overview of all rows on the page: wide, narrow, and large, in a real browser."""

import pytest
from fixtures.browser import in_a_browser
from fixtures.results import result, write_rows

from fcnlib.report.figures.ablation import plot_ablation
from fcnlib.report.page.page import PageInputs, write_page

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def address(finished) -> str:
    """A page with an overview of so many rows that it has two columns."""
    folder = finished["output"].parent / "overview"
    folder.mkdir()
    names = ["t", "u", "v"]
    for name in names:
        rows = [result(name, f"{name}{i}", 10 + i, 12 + i) for i in range(14)]
        write_rows(folder / f"{name}.csv", rows)
    info = folder / "all.json"
    plot_ablation(
        {"name": "all", "title": "All", "tables": [{"name": x, "title": x} for x in names]},
        results=[folder / f"{name}.csv" for name in names], image=info.with_suffix(".svg"),
        narrow=info.with_suffix(".narrow.svg"), info=info,
    )  # fmt: skip
    output = finished["output"].with_name("overview.html")
    write_page(PageInputs(**finished | {"figures": [*finished["figures"], info], "output": output}))
    return output.as_uri()


IMAGE = "#figure-all img"
RATIO = "image => image.naturalWidth / image.naturalHeight"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen_shows_one_column_as_wide_as_the_screen(visit, scheme):
    page = visit(width=390, color_scheme=scheme).page
    image = page.locator(IMAGE)
    image.scroll_into_view_if_needed()
    page.wait_for_function(f"document.querySelector('{IMAGE}').naturalWidth > 0")
    box = image.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["width"] > 330  # 8 pt of 420 pixels: to be read
    assert image.evaluate(RATIO) < 0.6
    assert page.locator("#figure-all .drawing").evaluate("d => d.scrollWidth <= d.clientWidth")
    assert ("invert" in image.evaluate("i => getComputedStyle(i).filter")) == (scheme == "dark")


def test_a_large_screen_and_paper_show_two_columns(visit):
    page = visit(width=1280).page
    assert page.locator(IMAGE).bounding_box()["width"] > 800
    ratio = page.locator(IMAGE).evaluate(RATIO)
    narrow = visit(width=390).page
    assert narrow.locator(IMAGE).evaluate(RATIO) < 0.6 * ratio
    narrow.emulate_media(media="print")
    narrow.wait_for_function(f"document.querySelector('{IMAGE}').currentSrc.length > 0")
    narrow.wait_for_function(
        f"(ratio) => Math.abs(({RATIO})(document.querySelector('{IMAGE}')) - ratio) < 0.01",
        arg=ratio,
    )


def test_what_a_small_screen_shows_is_what_opens_large(visit):
    page = visit(width=390).page
    page.locator("#figure-all a.zoom").click()
    page.wait_for_function("document.querySelector('dialog[open] img')?.naturalWidth > 0")
    large = page.locator("dialog[open] img")
    assert large.evaluate(RATIO) == page.locator(IMAGE).evaluate(RATIO)
    assert large.bounding_box()["width"] == pytest.approx(420, abs=1)
    page.locator("dialog[open]").get_by_role("button", name="Close").click()
    page.wait_for_function("!document.querySelector('dialog').open")
