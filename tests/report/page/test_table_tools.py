"""What a reader does with a table of the page, in a real browser."""

import pytest
from fixtures.browser import follow, hash_of, in_a_browser, violations
from fixtures.page import NET_TABLE, NETS

from fcnlib.report.typeset import ESCAPES, escaped

pytestmark = in_a_browser
HEADINGS = [
    "row", "mean IU, demo", "mean IU, paper", "pixel acc., demo",
    "forward time, demo", "rf size, derived", "rf size, paper",
]  # fmt: skip


def rows_of(page, name="nets") -> list[str]:
    rows = page.locator(f"table[data-name={name}] tbody tr:visible")
    return [row.locator("th").inner_text() for row in rows.all()]


def headings_of(page) -> list[str]:
    names = page.locator("table[data-name=nets] tr.names th:visible")
    return [name.get_attribute("data-full") for name in names.all()]


def tools(page, name="nets"):
    """The tools of a table, opened."""
    found = page.locator(f".tools[data-for={name}]")
    found.locator("summary").click()
    return found


def cell(page, row: int, column: int):
    """By its place in the table's own order."""
    return page.locator(f"table[data-name=nets] tr[data-place='{row}'] > :nth-child({column + 1})")


def copied(page, name: str) -> list[str]:
    page.locator(".tools[data-for=nets]").get_by_text(f"Copy {name}").click()
    page.locator(".tools[data-for=nets]").get_by_text("Copied").wait_for()
    return page.evaluate("navigator.clipboard.readText()").splitlines()


def test_the_tools_stay_out_of_sight_until_they_are_asked_for(visit):
    page = visit().page
    assert page.locator(".tools select:visible, .tools input:visible").count() == 0
    assert tools(page).locator("select").first.is_visible()
    assert visit(java_script_enabled=False).page.locator(".tools .panel").count() == 0


def test_rows_are_filtered_by_every_word_of_their_name(visit):
    page = visit().page
    search = tools(page).get_by_label("Rows with")
    search.fill("NET near")
    assert rows_of(page) == ["Near-sighted <net>"]
    assert page.locator(".tools[data-for=nets]").get_by_text("1 of 3 rows").is_visible()
    assert hash_of(page).endswith("rows.nets=NET%20near")
    search.fill("nothing like it")
    assert rows_of(page) == []
    page.get_by_role("button", name="Show all").click()
    assert rows_of(page) == [*NETS.values(), "Published only"]
    assert "rows.nets" not in page.url
    assert not page.get_by_role("button", name="Show all").is_visible()


def test_a_hidden_column_takes_its_heading_and_its_numbers_along(visit):
    page = visit().page
    panel = tools(page)
    panel.get_by_label("mean IU, paper").uncheck()
    panel.get_by_label("forward time, demo").uncheck()
    assert headings_of(page) == [HEADINGS[i] for i in (0, 1, 3, 5, 6)]
    groups = page.locator("table[data-name=nets] th[scope=colgroup]:visible")
    spans = groups.evaluate_all("all => all.map((group) => [group.textContent, group.colSpan])")
    assert spans == [["mean IU (%)", 1], ["pixel acc. (%)", 1], ["rf size (px)", 2]]
    assert page.locator("table[data-name=nets] tr[data-place='0'] td:visible").count() == 4
    assert hash_of(page).endswith("hidden.nets=2,4")


def test_a_sort_keeps_what_is_hidden_and_the_elements_of_the_rows(visit):
    page = visit().page
    tools(page).get_by_label("Rows with").fill("s")  # all but none: Sharp, Near-sighted, Published
    page.locator("table[data-name=nets] tbody tr").first.evaluate("row => { row.mark = 7; }")
    page.get_by_label("Rows with").first.fill("e")
    page.locator("table[data-name=nets] tr.names th button").first.click()
    page.locator("table[data-name=nets] tr.names th button").first.click()
    assert rows_of(page) == ["Published only", "Near-sighted <net>"]
    assert cell(page, 0, 0).evaluate("cell => cell.parentElement.mark") == 7


def test_two_rows_are_compared_by_the_numbers_that_one_reads(visit):
    page = visit().page
    panel = tools(page)
    panel.locator("select").nth(0).select_option("Sharp")
    panel.locator("select").nth(1).select_option("Near-sighted <net>")
    foot = page.locator("table[data-name=nets] tfoot tr")
    assert foot.locator("th").inner_text() == "Sharp minus Near-sighted <net>"
    sharp, near = (float(cell(page, row, 1).inner_text().split()[0]) for row in (1, 0))
    assert foot.locator("td").first.inner_text() == f"+{sharp - near:.1f}"
    assert foot.locator("td").nth(4).inner_text() == "±0"  # receptive fields, without a decimal
    assert foot.locator("td").nth(5).inner_text() == ""  # one of them is not known
    assert page.locator("tr.compared").count() == 2
    assert hash_of(page).endswith("compare.nets=1-0")
    panel.get_by_label("mean IU, demo").uncheck()
    assert foot.locator("td:visible").count() == 5
    panel.locator("select").nth(1).select_option("Sharp")
    assert foot.count() == 0 and page.locator("tr.compared").count() == 0


def test_what_is_shown_is_copied_in_every_form(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    panel = tools(page)
    panel.get_by_label("Rows with").fill("h")
    for name in ("mean IU, demo", "pixel acc., demo", "forward time, demo", "rf size, derived"):
        panel.get_by_label(name).uncheck()
    assert copied(page, "CSV") == [
        'row,"mean IU, paper","rf size, paper"', "Near-sighted <net>,50.0,",
        "Sharp,99.5,907.0", "Published only,12.5,",
    ]  # fmt: skip
    assert copied(page, "Markdown")[2] == "| Near-sighted \\<net\\> | 50.0 |  |"
    latex = copied(page, "LaTeX")
    assert latex[1] == "\\begin{tabular}{lrr}"
    assert latex[3] == "row & mean IU, paper & rf size, paper \\\\"
    assert latex[5] == f"{escaped(NETS['near'])} & 50.0 &  \\\\"
    assert latex[6] == "Sharp & 99.5 & 907 \\\\"


def test_latex_is_escaped_as_in_the_files_of_the_run_with_the_best_in_bold(visit):
    specials = f"a {' '.join(ESCAPES)} b"
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    cell(page, 0, 0).evaluate("(cell, text) => { cell.textContent = text; }", specials)
    latex = copied(page, "LaTeX")
    assert latex[5].startswith(f"{escaped(specials)} & ")
    assert latex[6].startswith("Sharp & \\textbf{")


def test_a_click_on_a_number_makes_the_address_lead_to_it(visit, address):
    page = visit().page
    cell(page, 1, 2).click()
    assert cell(page, 1, 2).get_attribute("aria-current") == "true"
    page.wait_for_function("location.hash.includes('cell=nets.1.2')")
    other = visit(width=390).page
    follow(other, address, "part-2&sort.nets=2.ascending&cell=nets.1.2")
    marked = other.locator("td[aria-current]")
    assert marked.inner_text() == "99.5"
    other.wait_for_function(IN_SIGHT)
    cell(page, 1, 2).click()
    assert page.locator("td[aria-current]").count() == 0
    assert "cell=" not in page.url


IN_SIGHT = """() => {
  const box = document.querySelector("td[aria-current]").getBoundingClientRect();
  return box.top > 0 && box.bottom < innerHeight && box.left >= 0 && box.right <= innerWidth;
}"""


def test_a_link_to_a_number_of_a_closed_part_opens_it(visit, address):
    page = visit().page
    follow(page, address, "cell=nets-cost.0.1")
    assert page.locator("#more-nets-costs").evaluate("details => details.open")
    page.wait_for_function(IN_SIGHT)


def test_numbers_are_reached_and_marked_by_keyboard(visit):
    page = visit().page
    first = page.locator("table[data-name=nets] td[tabindex='0']")
    assert first.count() == 1
    first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function("location.hash.includes('cell=nets.1.2')")
    assert page.locator("table[data-name=nets] td[tabindex='0']").count() == 1


def test_a_link_restores_the_table_and_another_one_replaces_it(visit, address):
    opened = visit()
    page = opened.page
    follow(page, address, "x&rows.nets=s&hidden.nets=2,6&compare.nets=0-1&sort.nets=0.descending")
    assert rows_of(page) == ["Sharp", "Published only", "Near-sighted <net>"]
    assert headings_of(page) == [HEADINGS[i] for i in (0, 1, 3, 4, 5)]
    assert page.locator("table[data-name=nets] tfoot th").inner_text().endswith("minus Sharp")
    page.evaluate("location.hash = '#x&rows.nets=only'")
    page.wait_for_function("!document.querySelector('table[data-name=nets] tfoot')")
    assert rows_of(page) == ["Published only"]
    assert headings_of(page) == HEADINGS
    assert opened.messages == []


DAMAGED = [
    "hidden.nets=99,x", "compare.nets=7-8", "compare.nets=0", "compare.nets=length-0",
    "cell=nets", "cell=nets.9.9", "cell=nets.0.0", "cell=x.0.1", "sort.nets=length.ascending",
]  # fmt: skip


@pytest.mark.parametrize("damaged", DAMAGED)
def test_an_address_of_no_such_part_of_a_table_leaves_it_as_it_is(visit, address, damaged):
    opened = visit()
    follow(opened.page, address, f"x&{damaged}")
    assert rows_of(opened.page) == [row["row"] for row in NET_TABLE["rows"]]
    assert headings_of(opened.page) == HEADINGS
    assert opened.page.locator("tfoot tr, td[aria-current]").count() <= 1  # that of the contents
    assert opened.messages == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (820, "dark"), (390, "light")])
def test_the_tools_keep_nobody_out_and_fit(visit, width, scheme):
    page = visit(width=width, color_scheme=scheme).page
    panel = tools(page)
    panel.locator("select").nth(0).select_option("Sharp")
    panel.locator("select").nth(1).select_option("Near-sighted <net>")
    panel.get_by_label("Rows with").fill("s")
    cell(page, 1, 1).click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
