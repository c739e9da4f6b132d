"""The page in a real browser, opened from disk as readers do."""

import json

import pytest
from fixtures.browser import Visit, follow, hash_of, in_a_browser, violations

from fcnlib.report.page.page import PageInputs, write_page

pytestmark = in_a_browser


def open_everything(page) -> None:
    page.locator("details").evaluate_all(
        "all => all.forEach((details) => { details.open = true; })"
    )


def column(page, place) -> list[str]:
    rows = page.locator("table[data-name=nets] tbody tr")
    return [row.locator("th, td").nth(place).inner_text() for row in rows.all()]


def test_it_is_silent_asks_no_network_and_shows_every_image(visit):
    opened = visit()
    open_everything(opened.page)
    opened.page.locator(".explore svg.marks").wait_for()  # in the place of a picture
    for image in opened.page.locator("img[alt]:not(dialog img, figure:has(.explore) img)").all():
        image.scroll_into_view_if_needed()
        opened.page.wait_for_function("i => i.complete", arg=image.element_handle())
        assert image.evaluate("i => i.naturalWidth") > 0
    assert opened.page.locator("figure img").count() == 5
    assert opened.messages == []
    assert {url.partition(":")[0] for url in opened.requests} <= {"file", "data"}


def links_within(page) -> list[str]:
    """The places of the page that its navigation and its contents link to."""
    found = page.locator(":is(nav, #contents) a[href^='#']:visible").evaluate_all(
        "all => all.map((link) => link.getAttribute('href'))"
    )
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_first_click_on_a_link_of_the_contents_lands_on_its_target(visit, address, width):
    page = visit(width=width, reduced_motion="reduce").page
    links = links_within(page)
    assert len(links) >= 8
    for link in links:
        page.goto("about:blank")
        page.goto(address)
        page.locator(f":is(nav, #contents) a[href='{link}']:visible").first.click()
        assert page.evaluate(LANDED, link.removeprefix("#")), link


# At the upper edge, below the bar, or as far up as the end of the page lets it.
LANDED = """(id) => {
  const top = document.getElementById(id).getBoundingClientRect().top;
  const bar = document.querySelector("nav").getBoundingClientRect();
  const edge = bar.width > innerWidth / 2 ? bar.bottom : 0;
  const atEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
  return top >= edge - 1 && (top < edge + 48 || atEnd && top < innerHeight);
}"""


def test_a_link_shows_what_its_sender_saw(visit, address):
    page = visit().page
    page.locator("#claims-1 > summary").click()
    page.locator("#more-nets-costs > summary").click()
    page.locator("table[data-name=nets] tr.names th button").nth(2).click()
    page.wait_for_function("location.hash.includes('claims-1')")
    assert hash_of(page).endswith("open=claims-1,more-nets-costs&sort.nets=2.descending")
    seen = column(page, 2)
    other = visit().page
    follow(other, address, hash_of(page))
    other.wait_for_function("document.getElementById('claims-1').open")
    assert other.locator("#more-nets-costs").evaluate("details => details.open")
    assert not other.locator("#more-nets-curves").evaluate("details => details.open")
    assert column(other, 2) == seen == ["99.5", "50.0", "12.5"]


def test_a_place_keeps_the_view_and_a_view_of_another_address_replaces_it(visit, address):
    page = visit(reduced_motion="reduce").page
    page.locator("#more-nets-costs > summary").click()
    page.locator("nav a[href='#part-2']").click()
    page.wait_for_function("location.hash === '#part-2&open=more-nets-costs'")
    page.evaluate("location.hash = '#table-nets&open=more-nets-curves'")
    page.wait_for_function("document.getElementById('more-nets-curves').open")
    assert not page.locator("#more-nets-costs").evaluate("details => details.open")


@pytest.mark.parametrize("damaged", ["%", "nothing&open=a,%ff", "&&=&sort.nets=99.up", "=x"])
def test_an_address_that_means_nothing_shows_the_page_as_it_is(visit, address, damaged):
    opened = visit()
    follow(opened.page, address, damaged)
    assert column(opened.page, 2) == ["50.0", "99.5", "12.5"]
    assert opened.messages == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_navigation_marks_where_the_reader_is(visit, width):
    page = visit(width=width, reduced_motion="reduce").page
    for part in ("part-1", "part-2", "contents"):
        page.locator(f"#{part} h2").evaluate("heading => heading.scrollIntoView()")
        mark = page.locator(f"nav a[href='#{part}'][aria-current]")
        mark.wait_for()
        assert page.locator("nav [aria-current]").count() == 1
        box = mark.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 820, 390])
def test_nothing_keeps_a_reader_out(visit, width, scheme):
    page = visit(width=width, color_scheme=scheme).page
    open_everything(page)
    assert violations(page) == []


def test_all_can_be_reached_and_opened_by_keyboard(visit):
    page = visit().page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips the navigation
    page.wait_for_function("location.hash.startsWith('#contents')")
    page.locator("#more-nets-provenance > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#more-nets-provenance a[href='#run-near']").first.press("Enter")
    page.wait_for_function("document.getElementById('run-near').open")
    assert page.locator("#experiments").evaluate("details => details.open")


def test_paper_has_what_the_screen_hides(visit):
    page = visit().page
    parts = [page.locator(f"#{name}") for name in ("claims-1", "more-nets-curves")]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(part.evaluate("details => details.open") for part in parts)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(100)
    assert not any(part.evaluate("details => details.open") for part in parts)
    assert "open=" not in page.url


def test_paper_has_it_without_script_too(visit):
    page = visit(java_script_enabled=False).page
    page.emulate_media(media="print")
    for part in ("#claim-sharper", "#more-nets-curves img", "#more-nets-costs table"):
        assert page.locator(part).is_visible()


def test_paper_leaves_out_what_each_row_is_from(visit):
    page = visit().page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#more-nets-costs table").is_visible()
    assert not page.locator("#more-nets-provenance").is_visible()
    assert not page.locator("#experiments").is_visible()
    assert page.locator("#provenance .metadata").is_visible()


def test_a_chart_is_dark_at_night_and_a_photograph_is_not(visit):
    page = visit(color_scheme="dark").page
    shade = "image => getComputedStyle(image).filter"
    assert "invert" in page.locator("#more-nets-curves img").evaluate(shade)
    assert page.locator("#more-nets-examples img").evaluate(shade) == "none"


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_it_never_scrolls_sideways(visit, width):
    page = visit(width=width).page
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_click_on_a_heading_sorts_best_first_then_back(visit):
    page = visit().page
    heading = page.locator("table[data-name=nets] tr.names th").nth(2)
    given = column(page, 2)
    assert given == ["50.0", "99.5", "12.5"]
    heading.locator("button").click()
    assert column(page, 2) == ["99.5", "50.0", "12.5"]
    assert heading.get_attribute("aria-sort") == "descending"
    heading.locator("button").press("Enter")
    assert column(page, 2) == ["12.5", "50.0", "99.5"]
    heading.locator("button").click()
    assert column(page, 2) == given
    assert heading.get_attribute("aria-sort") is None


def test_rows_without_a_number_are_last_whichever_way_one_sorts(visit):
    page = visit().page
    button = page.locator("table[data-name=nets] tr.names th").nth(1).locator("button")
    for _ in range(2):
        button.click()
        assert column(page, 0)[-1] == "Published only"


def test_tables_are_copied_as_csv_and_markdown(visit):
    opened = visit(permissions=["clipboard-read", "clipboard-write"])
    tools = opened.page.locator(".tools[data-for=nets]")
    tools.get_by_text("Copy CSV").click()
    tools.get_by_text("Copied").wait_for()
    csv = opened.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert csv[0].startswith('row,"mean IU, demo","mean IU, paper","pixel acc., demo"')
    assert csv[1].startswith("Near-sighted <net>,") and csv[3] == "Published only,,12.5,,,,"
    tools.get_by_text("Copy Markdown").click()
    opened.page.wait_for_timeout(100)
    markdown = opened.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert markdown[1] == "| :-- |" + " --: |" * 6
    assert markdown[4] == "| Published only |  | 12.5 |  |  |  |  |"
    assert opened.messages == []


def test_a_picture_opens_large_and_escape_closes_it(visit):
    page = visit().page
    link = page.locator("#figure-fig4 a.zoom")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('dialog[open] img')?.naturalWidth > 0")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog').open")


def test_a_large_picture_is_closed_by_its_button(visit):
    page = visit(width=390).page
    page.locator("#figure-fig4 a.zoom").click()
    close = page.locator("dialog[open]").get_by_role("button", name="Close")
    assert close.evaluate("button => button === document.activeElement")
    close.click()
    page.wait_for_function("!document.querySelector('dialog').open")


def test_a_link_to_closed_claims_opens_them(visit):
    page = visit().page
    assert not page.locator("#claims-1").evaluate("details => details.open")
    page.locator("#contents a[href='#claim-sharper']").first.click()
    page.wait_for_function("document.getElementById('claims-1').open")


@pytest.mark.parametrize(
    ("verdict", "first"), [("1 true", "sharper"), ("1 false", "alike"), ("2 untested", "blind")]
)
def test_a_number_of_the_scorecard_leads_to_the_first_claim_with_its_verdict(visit, verdict, first):
    page = visit(reduced_motion="reduce").page
    link = page.locator(".scorecard").get_by_role("link", name=verdict, exact=True)
    link.click()
    claim = page.locator(f"#claim-{first}")
    claim.wait_for()
    assert claim.evaluate("claim => claim.getBoundingClientRect().top < innerHeight")
    assert hash_of(page).startswith(f"claim-{first}")
    page.wait_for_function("location.hash.includes('open=claims-')")
    other = visit(reduced_motion="reduce").page
    other.locator(".scorecard").get_by_role("link", name=verdict, exact=True).press("Enter")
    other.locator(f"#claim-{first}").wait_for()


def test_the_counts_of_a_section_lead_to_its_claims_and_none_leads_nowhere(visit):
    page = visit().page
    cells = page.locator("#contents tbody tr").nth(1).locator("td:not(.links)")
    assert cells.all_inner_texts() == ["0", "0", "2"]
    assert [cell.locator("a").count() for cell in cells.all()] == [0, 0, 1]
    assert cells.nth(2).locator("a").get_attribute("href") == "#claim-blind"


def test_a_link_into_what_was_not_run_opens_it(browser, finished, tmp_path):
    verdicts = json.loads(finished["claims"].read_text("utf-8"))
    (tmp_path / "claims.json").write_text(
        json.dumps([*verdicts, verdicts[2] | {"id": "later", "section": "3: later"}]), "utf-8"
    )
    changes = {
        "output": finished["output"].with_name("part.html"),
        "claims": tmp_path / "claims.json",
        "part": {"rows": 3, "of_rows": 77, "tables": 1, "of_tables": 25},
    }
    write_page(PageInputs(**finished | changes))
    address = changes["output"].as_uri()
    page = Visit(browser, address).page
    assert not page.locator("#part-3").is_visible()
    page.locator("nav").get_by_role("link", name="Not run").click()
    page.locator("#part-3").wait_for()
    follow(page, address, "claim-later")
    page.locator("#claim-later").wait_for()
    page.context.close()


def test_the_bar_of_sections_stays_in_sight_and_covers_no_heading(visit):
    page = visit(width=400).page
    page.locator("nav a[href='#part-2']").click()
    page.wait_for_function("document.querySelector('nav').getBoundingClientRect().top === 0")
    page.wait_for_function(
        """() => { const bar = document.querySelector('nav').getBoundingClientRect();
        const top = document.querySelector('#part-2 h2').getBoundingClientRect().top;
        return top >= bar.bottom - 1; }"""
    )


def test_it_is_complete_without_javascript(visit):
    opened = visit(java_script_enabled=False)
    page = opened.page
    assert column(page, 2) == ["50.0", "99.5", "12.5"]
    assert page.locator("button").count() == 0
    page.locator("#claims-1 > summary").click()
    assert page.locator("#claim-sharper").is_visible()
    page.locator("#figure-fig4 a.zoom").click()
    page.wait_for_url("**/figures/fig4.png")
    assert opened.messages == []


def test_dark_mode_is_dark(visit):
    shade = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(visit(color_scheme="dark").page.evaluate(shade)) < 60
    assert min(visit(color_scheme="light").page.evaluate(shade)) > 200


def test_paper_is_white_also_in_dark_mode(visit):
    page = visit(color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()


def test_every_text_stands_out_from_its_ground(visit):
    """WCAG AA: 4.5 to 1 for the page's own colours, in both modes."""
    for scheme in ("light", "dark"):
        assert visit(color_scheme=scheme).page.evaluate(CONTRASTS) == []


CONTRASTS = """() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  for (const ink of ["--ink", "--soft", "--accent", "--up", "--down"])
    for (const ground of ["--page", "--card"]) {
      const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) poor.push([ink, ground]);
    }
  return poor;
}"""


def test_pictures_out_of_sight_are_there_for_paper(visit):
    page = visit().page
    page.wait_for_function(
        "[...document.querySelectorAll('figure img')].every((image) => image.naturalWidth)"
    )
    assert page.locator("figure img").count() > 2
