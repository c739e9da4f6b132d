"""Two nets of a table, chosen in a real browser; and claims with their evidence."""

from urllib.parse import unquote

import pytest
from fixtures.browser import follow, hash_of, in_a_browser

pytestmark = in_a_browser
NEAR, SHARP = "Near-sighted <net>", "Sharp"


def opened(page):
    page.locator("#more-nets-chance > summary").click()
    return page.locator("#more-nets-chance .pair")


def sentence(pair) -> str:
    return pair.locator(".found").inner_text()


def widths(pair) -> list[str]:
    return pair.locator(".gains .dot").evaluate_all("all => all.map((dot) => dot.style.left)")


def test_the_best_two_nets_stand_first_with_both_kinds_of_chance(visit):
    page = visit()
    pair = opened(page.page)
    said = sentence(pair)
    assert said.startswith(f"{SHARP} is 29.3 points above {NEAR} in mean IU; ")
    assert "for 95 % of resampled test images: beyond chance of the images." in said
    assert "Over 2 runs each, its standard error is" in said and "noise of training" in said
    assert page.messages == []


def test_choosing_two_nets_changes_the_sentence_and_the_chart(visit):
    page = visit().page
    pair = opened(page)
    before, dots = sentence(pair), widths(pair)
    pair.locator("select").first.select_option(label=NEAR)  # the other moves away
    after = sentence(pair)
    assert after.startswith(f"{NEAR} is 29.3 points below {SHARP} in mean IU; ")
    assert pair.locator("select").last.evaluate("s => s.selectedOptions[0].text") == SHARP
    interval = before.split("; ")[1]
    assert after.split("; ")[1] == interval  # the same one, the other way round
    assert len(dots) == 5 and widths(pair) != dots


def test_the_chart_sorts_classes_by_their_gain(visit):
    page = visit().page
    rows = opened(page).locator(".gains tbody tr:not(.score) td:last-child").all_inner_texts()
    gains = [float(row.split(" ")[0].replace("\N{MINUS SIGN}", "-")) for row in rows]
    assert len(gains) == 3 and gains == sorted(gains, reverse=True)


def test_a_link_restores_the_two_nets(visit, address):
    page = visit().page
    pair = opened(page)
    pair.locator("select").last.select_option(label=SHARP)
    fragment = hash_of(page)
    assert "chance.nets=near,sharp" in unquote(fragment)
    other = visit().page
    follow(other, address, fragment)
    restored = other.locator("#more-nets-chance .pair")
    restored.locator(".found").wait_for()
    assert sentence(restored) == sentence(pair)
    other.evaluate("location.hash = '#open=more-nets-chance'")
    other.wait_for_function(
        "document.querySelector('.pair .found').textContent.startsWith('Sharp')"
    )


@pytest.mark.parametrize("text", ["near", "near,near", "near,gone", ",", "near,sharp,near"])
def test_an_address_of_no_two_nets_shows_the_best(visit, address, text):
    opened_page = visit()
    follow(opened_page.page, address, f"open=more-nets-chance&chance.nets={text}")
    assert sentence(opened_page.page.locator(".pair")).startswith(SHARP)
    assert opened_page.messages == []


@pytest.mark.parametrize("media", ["screen", "print"])
def test_without_script_each_net_stands_against_the_best(visit, media):
    page = visit(java_script_enabled=False).page
    page.emulate_media(media=media)
    if media == "screen":
        page.locator("#more-nets-chance > summary").click()
    table = page.locator("#more-nets-chance table.against")
    assert table.is_visible() and not page.locator(".pair").is_visible()
    assert table.locator("tbody tr").count() == 1
    assert table.locator("td.beyond").first.inner_text() == "\N{MINUS SIGN}29.3"


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_the_choice_fits_and_is_used_by_keyboard(visit, width):
    page = visit(width=width).page
    pair = opened(page)
    select = pair.locator("select").first
    select.focus()
    page.keyboard.press("ArrowUp")
    assert sentence(pair).startswith(NEAR)
    box = pair.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_failed_claim_says_why_and_leads_to_its_rows(visit):
    page = visit(reduced_motion="reduce").page
    page.locator("#claims-1 > summary").click()
    claim = page.locator("#claim-alike")
    assert (
        claim.locator(".evidence").inner_text().startswith("abs(97.2 \N{MINUS SIGN} 67.9) < 0.1: ")
    )
    assert not claim.get_by_text("Holds if").is_visible()
    claim.locator("summary").click()
    assert claim.get_by_text("Holds if").is_visible()
    claim.locator("dt a").filter(has_text=SHARP).click()
    page.wait_for_function("document.querySelector('#row-nets-sharp').matches(':target')")
    assert page.locator("tr:has(:target) th").inner_text() == SHARP
    box = page.locator("#row-nets-sharp").bounding_box()
    assert box and 0 <= box["y"] < 800
