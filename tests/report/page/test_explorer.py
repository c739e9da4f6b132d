"""The confusion explorer and the panel of a net, in a real browser."""

import json
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from fixtures.browser import Visit, follow, hash_of, in_a_browser, violations
from fixtures.page import run_metadata

from fcnlib.evaluation.counts import all_scores
from fcnlib.report.image_set import read_image_set, write_image_set
from fcnlib.report.page.page import PageInputs, write_page

pytestmark = in_a_browser

EXPLORER = "#more-nets-confusion"


def opened(visit, **options) -> Visit:
    """The heat map of the first net, which is not the best one."""
    found = visit(**options)
    found.page.locator(f"{EXPLORER} > summary").click()
    found.page.locator(f"{EXPLORER} canvas").wait_for()
    choose(found.page, "Net", "Near-sighted <net>")
    return found


def choose(page, label: str, option: str) -> None:
    page.locator(EXPLORER).get_by_label(label, exact=True).select_option(label=option)


def cell(page) -> str:
    return page.locator(f"{EXPLORER} .cell").inner_text()


def spoken(page) -> str:
    return page.locator(f"{EXPLORER} [role=status]").inner_text()


def state_of(page, key: str) -> str | None:
    parts = unquote(hash_of(page)).split("&")
    return dict(part.partition("=")[::2] for part in parts).get(key)


def pixels(page) -> str:
    return page.locator(f"{EXPLORER} canvas").evaluate("canvas => canvas.toDataURL()")


# The colour of a cell of the map of three classes, of its corner: numbers stand in the middle.
COLOUR = """(canvas, [truth, label]) => {
  const size = 28, scale = canvas.width / canvas.clientWidth;
  const [x, y] = [label, truth].map((at) => canvas.clientWidth - 2 - (3 - at) * size + 4);
  return [...canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data].slice(0, 3);
}"""


def colour(page, truth: int, label: int) -> str:
    red, _, blue = page.locator(f"{EXPLORER} canvas").evaluate(COLOUR, [truth, label])
    return "blue" if blue > red + 40 else "orange" if red > blue + 40 else "none"


def test_it_opens_on_the_net_with_the_best_mean_iu(visit):
    page = visit().page
    page.locator(f"{EXPLORER} > summary").click()
    page.locator(f"{EXPLORER} canvas").wait_for()
    chosen = page.locator(EXPLORER).get_by_label("Net", exact=True)
    assert chosen.evaluate("select => select.selectedOptions[0].text") == "Sharp"


def test_blue_is_right_or_better_and_orange_is_confused_or_worse(visit):
    """Near-sighted nets label more cats as background than sharp ones, and fewer as cats."""
    page = opened(visit).page
    assert (colour(page, 1, 1), colour(page, 1, 0)) == ("blue", "orange")
    choose(page, "Compared with", "Sharp")
    assert (colour(page, 1, 1), colour(page, 1, 0)) == ("orange", "orange")
    assert colour(page, 0, 1) == "none"
    choose(page, "Net", "Sharp")
    choose(page, "Compared with", "Near-sighted <net>")
    assert (colour(page, 1, 1), colour(page, 1, 0)) == ("blue", "blue")
    legend = page.locator(f"{EXPLORER} .legend-of-map").inner_text()
    assert "Sharp minus Near-sighted <net>: better, as more is right" in legend
    assert "less confused" in legend and "worse" in legend


def test_a_cell_names_share_count_and_the_images_with_most_of_it(visit):
    page = opened(visit).page
    text = cell(page)
    # Seeds 0 and 1 see nothing in the first 12 and 13 columns, where the cats are.
    assert "cat labelled as background" in text
    assert "of its pixels (" in text and " of 1,1" in text
    assert text.index("img_0") < text.index("img_2")
    assert "192 pixels" in text
    assert "All that cat is labelled as" in text and "cat (right)" in text


def test_the_arrow_keys_move_over_the_cells_and_the_address_keeps_the_cell(visit, address):
    page = opened(visit).page
    canvas = page.locator(f"{EXPLORER} canvas")
    canvas.focus()
    page.keyboard.press("ArrowUp")
    assert spoken(page).startswith("background, rightly labelled: 100.0 %")
    page.keyboard.press("End")
    assert spoken(page).startswith("background labelled as dog: 0.0 %")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")  # there is nothing beyond
    assert spoken(page).startswith("cat labelled as dog")
    page.wait_for_function("location.hash.includes('confusion.nets')")
    other = visit().page
    other.goto("about:blank")
    other.goto(page.url)
    other.locator(f"{EXPLORER} canvas").wait_for()
    assert spoken(other) == spoken(page)


def test_a_click_on_a_cell_or_on_a_name_selects(visit):
    page = opened(visit).page
    canvas = page.locator(f"{EXPLORER} canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] - 8, "y": box["height"] - 8})
    assert spoken(page).startswith("dog, rightly labelled")
    canvas.click(position={"x": 20, "y": box["height"] - 8})
    assert spoken(page).startswith("dog labelled as background")


def test_another_order_moves_the_classes_and_not_the_cell(visit):
    page = opened(visit).page
    before, chosen = pixels(page), spoken(page)
    choose(page, "Order", "most confused first")
    assert pixels(page) != before
    assert spoken(page) == chosen
    page.locator(f"{EXPLORER} canvas").focus()
    page.keyboard.press("Home")
    assert spoken(page).startswith("cat, rightly labelled")  # the first class now
    choose(page, "Order", "as in the data set")
    page.keyboard.press("Tab")
    choose(page, "Order", "similar classes adjacent")
    assert state_of(page, "confusion.nets") == "near.semantic.similar..1.1"


def test_two_nets_are_told_apart(visit):
    page = opened(visit).page
    alone = pixels(page)
    choose(page, "Compared with", "Sharp")
    assert pixels(page) != alone
    text = cell(page)
    assert "Near-sighted <net>: " in text and "Sharp: 6.9 % " in text
    assert "+38.9 points" in text
    choose(page, "Net", "Sharp")
    choose(page, "Compared with", "Near-sighted <net>")
    page.locator(f"{EXPLORER} canvas").focus()
    assert "points" in spoken(page)


def test_without_script_the_largest_confusions_are_text(visit):
    opened = visit(java_script_enabled=False)
    opened.page.locator(f"{EXPLORER} > summary").click()
    rows = opened.page.locator(f"{EXPLORER} .frequent tbody tr").all_inner_texts()
    assert len(rows) == 2
    assert rows[0].startswith("Near-sighted <net>") and "cat as background" in rows[0]
    assert not opened.page.locator(f"{EXPLORER} .explorer").is_visible()
    assert opened.messages == []


def drawer(page):
    return page.locator("#drawer[open]")


def test_a_click_on_a_nets_name_opens_all_of_it_and_escape_returns(visit):
    opened = visit()
    page = opened.page
    name = page.locator("table[data-name=nets] tbody").get_by_role("button", name="Sharp")
    name.click()
    text = drawer(page).inner_text()
    for heading in ("Scores", "Training", "Classes", "Largest confusions", "Images", "Costs"):
        assert f"\n{heading}\n" in text
    assert "Sharp eyes <see> more." in text
    assert "recipe.learning_rate\n1e-10" in text
    assert "snakemake " in text and "metrics/sharp/1.json --configfile " in text
    assert "img_0 " in text
    assert drawer(page).locator("svg.line").count() == 2
    assert page.evaluate("document.activeElement.closest('dialog')?.id") == "drawer"
    assert state_of(page, "row") == "sharp"
    page.keyboard.press("Escape")
    page.wait_for_function("!document.getElementById('drawer').open")
    assert name.evaluate("button => button === document.activeElement")
    assert state_of(page, "row") is None
    assert opened.messages == []


def test_an_address_opens_a_net_and_another_one_closes_it(visit, address):
    opened = visit()
    page = opened.page
    follow(page, address, "row=bound-4")
    assert drawer(page).locator("h2").inner_text() == "4"
    page.evaluate("location.hash = '#part-1&row=near'")
    page.wait_for_function("document.getElementById('drawer-title').textContent.startsWith('Near')")
    page.evaluate("location.hash = '#part-1&open=more-nets-costs'")
    page.wait_for_function("!document.getElementById('drawer').open")
    for nothing in ("row=nobody", "row=other", "row=%00"):
        follow(page, address, nothing)
        assert drawer(page).count() == 0
    assert opened.messages == []


def closed(page) -> None:
    page.wait_for_function("!document.getElementById('drawer').open")


def row_button(page, name: str, table: str = "nets"):
    return page.locator(f"table[data-name={table}] tbody").get_by_role("button", name=name)


def test_back_closes_the_panel_and_forward_opens_it_again(visit):
    opened = visit(reduced_motion="reduce")
    page = opened.page
    page.locator("#more-nets-costs > summary").click()
    row_button(page, "Sharp").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    top = page.evaluate("scrollY")
    row_button(page, "Sharp").click()
    assert state_of(page, "row") == "sharp"
    page.go_back()
    closed(page)
    assert state_of(page, "row") is None
    assert state_of(page, "open") == "more-nets-costs"
    assert page.evaluate("scrollY") == top
    page.go_forward()
    assert drawer(page).locator("h2").inner_text() == "Sharp"
    assert state_of(page, "row") == "sharp"
    page.go_back()
    closed(page)
    row_button(page, "Near-sighted").click()
    assert drawer(page).locator("h2").inner_text() == "Near-sighted <net>"
    assert opened.messages == []


@pytest.mark.parametrize("way", ["Escape", "Close"])
def test_a_panel_that_was_closed_leaves_nothing_to_go_back_to(visit, way):
    page = visit(reduced_motion="reduce").page
    page.locator("nav a[href='#part-1']").click()
    page.wait_for_function("location.hash === '#part-1'")
    for name in ("Sharp", "Near-sighted"):
        row_button(page, name).click()
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            drawer(page).get_by_role("button", name="Close").click()
        closed(page)
        page.wait_for_function("history.state !== 'entered'")
    page.go_back()
    page.wait_for_function("location.hash === ''")
    assert drawer(page).count() == 0


def test_a_panel_that_is_open_again_at_once_stays_open(visit):
    page = visit(reduced_motion="reduce").page
    row_button(page, "Sharp").click()
    page.evaluate(
        """async () => {
            const drawer = document.getElementById("drawer");
            drawer.close();
            drawer.showModal();  // before the event of its closing
            await new Promise(told => drawer.addEventListener("close", told, { once: true }));
        }"""
    )
    assert drawer(page).locator("h2").inner_text() == "Sharp"
    assert state_of(page, "row") == "sharp"


def test_no_earlier_address_has_the_panel_of_a_later_one(visit):
    page = visit(reduced_motion="reduce").page
    for part in ("part-1", "part-2"):
        page.locator(f"nav a[href='#{part}']").click()
        page.wait_for_function(f"location.hash === '#{part}'")
    row_button(page, "4", "bounds").click()
    page.evaluate("history.go(-2)")
    page.wait_for_function("location.hash === '#part-1'")
    closed(page)
    page.evaluate("history.go(2)")
    page.wait_for_function("document.getElementById('drawer').open")
    page.evaluate("history.go(-3)")
    page.wait_for_function("location.hash === ''")
    closed(page)


def test_the_worst_images_are_looked_at_one_after_the_other(visit):
    opened = visit(reduced_motion="reduce")
    page = opened.page
    row_button(page, "Near-sighted").click()
    worst = drawer(page).locator(".images div", has_text="Worst")
    assert "without a link" not in drawer(page).inner_text()
    names = worst.locator("a").all_inner_texts()
    assert len(names) == 3
    for name in names:
        worst.get_by_role("link", name=name).click()
        closed(page)
        page.locator(".stage[data-shown]").wait_for(state="attached")
        place = page.locator("#more-nets-browser .place").inner_text()
        assert f"{names.index(name) + 1} of 5: {name}" in place
        assert page.get_by_label("Right").locator("option:checked").inner_text().startswith("Near")
        page.go_back()
        drawer(page).wait_for()
    assert opened.messages == []


def test_images_that_the_page_does_not_have_are_said_not_to_be_there(browser, finished, tmp_path):
    images = read_image_set(finished["images"][0])
    assert images.images[0].name == "img_0"
    tasks = {
        task: each.model_copy(update={"images": each.images[1:], "nets": ("N", "M")})
        for task, each in images.tasks.items()
    }
    fewer = images.model_copy(update={"images": images.images[1:], "tasks": tasks})
    write_image_set(tmp_path / "nets.json", fewer)
    output = tmp_path / "index.html"
    write_page(PageInputs(**finished | {"images": [tmp_path / "nets.json"], "output": output}))
    found = Visit(browser, f"{output.as_uri()}#row=near")
    panel = drawer(found.page)
    assert "Names without a link are not among the images on this page." in panel.inner_text()
    assert "img_0" in panel.inner_text()
    assert panel.get_by_role("link", name="img_0").count() == 0
    assert panel.get_by_role("link", name="img_1").count() > 0  # whatever the browser calls the net
    found.context.close()


def test_a_name_among_the_costs_opens_the_same_panel(visit):
    page = visit().page
    page.locator("#more-nets-costs > summary").click()
    button = row_button(page, "Sharp", "nets-cost")
    button.click()
    assert drawer(page).locator("h2").inner_text() == "Sharp"
    assert "whole training job (s)\n60" in drawer(page).inner_text()
    page.keyboard.press("Escape")
    closed(page)
    assert button.evaluate("button => button === document.activeElement")


def test_the_command_of_a_net_is_copied(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    row_button(page, "Sharp").click()
    command = drawer(page).locator("pre").inner_text()
    drawer(page).get_by_role("button", name="Copy the command").click()
    drawer(page).get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == command
    assert command.startswith("snakemake ")


def test_the_command_of_a_net_is_copied_where_the_clipboard_is_refused(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    row_button(page, "Sharp").click()
    drawer(page).get_by_role("button", name="Copy the command").click()
    drawer(page).get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("snakemake ")


def test_bars_of_classes_are_wide_enough_to_compare_on_a_phone(visit, address):
    page = visit(width=390).page
    follow(page, address, "row=near")
    bar = drawer(page).locator(".classes .bar").first
    assert bar.bounding_box()["width"] >= 150


def test_classes_stand_against_the_other_nets_of_the_table(visit, address):
    page = visit().page
    follow(page, address, "row=near")
    rows = [row.split() for row in drawer(page).locator(".classes tbody tr").all_inner_texts()]
    assert rows[0][0] == "cat"  # furthest below the other net
    own, median, best = map(float, rows[0][1:])
    assert own < median == best


def test_a_confusion_of_the_panel_opens_the_explorer_at_it(visit, address):
    page = visit(reduced_motion="reduce").page
    page.locator("#more-nets-costs > summary").click()
    page.locator("table[data-name=nets] tbody").get_by_role("button", name="Sharp").click()
    link = drawer(page).get_by_role("link", name="cat as background")
    link.click()
    page.locator(f"{EXPLORER} canvas").wait_for()
    assert drawer(page).count() == 0
    assert page.locator(EXPLORER).get_by_label("Net", exact=True).input_value() == "sharp"
    assert spoken(page).startswith("cat labelled as background")
    assert page.locator("#more-nets-costs").evaluate("details => details.open")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_claim_of_the_panel_is_gone_to(visit, address):
    page = visit(reduced_motion="reduce").page
    follow(page, address, "row=sharp")
    drawer(page).get_by_role("link", name="Sharp eyes <see> more.").click()
    page.locator("#claim-sharper").wait_for()
    assert drawer(page).count() == 0
    assert state_of(page, "row") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 820, 390])
def test_neither_keeps_a_reader_out_nor_scrolls_sideways(visit, width, scheme):
    found = opened(visit, width=width, color_scheme=scheme)
    page = found.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.evaluate("location.hash = '#row=sharp'")
    drawer(page).wait_for()
    assert page.locator("#drawer").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    assert violations(page) == []
    assert found.messages == []


def test_names_of_classes_and_nets_are_text(browser, finished, tmp_path):
    mark = "<img src=x onerror=alert(1)></script>"
    info = finished["datasets"][0].read_text("utf-8")
    dataset = tmp_path / "dataset.json"
    dataset.write_text(info.replace('"cat"', f'"{mark}"'), "utf-8")
    output = tmp_path / "index.html"
    write_page(PageInputs(**finished | {"datasets": [dataset], "output": output}))
    found = Visit(browser, f"{output.as_uri()}#row=near&open=more-nets-confusion")
    assert mark in drawer(found.page).inner_text()
    assert mark in cell(found.page)
    assert found.page.locator("img[src=x]").count() == 0
    assert found.messages == []
    found.context.close()


def scored_net(folder: Path, name: str, classes: int) -> Path:
    """The metrics file of a net whose counts of two images are made up."""
    pixels = np.random.default_rng(classes).integers(0, 9, (2, classes, classes))
    pixels += 50 * np.eye(classes, dtype=int)
    path = folder / f"{name}.json"
    np.savez(path.with_suffix(".npz"), ids=np.array(["a", "b"]), semantic=pixels)
    scores = {
        metric: [None if np.isnan(each) else each for each in value]
        if isinstance(value, list)
        else value
        for metric, value in all_scores(pixels.sum(0)).items()
        if isinstance(value, list) or not np.isnan(value)
    }
    record = run_metadata(name, 0) | {"dataset": "no", "images": 2, "tasks": {"semantic": scores}}
    path.write_text(json.dumps(record), "utf-8")
    return path


def test_a_net_that_was_validated_once_has_its_score_in_words(browser, finished, tmp_path):
    curve, output = tmp_path / "0.csv", tmp_path / "index.html"
    curve.write_text("iteration,loss_per_pixel,mean_iu\n40,1.0,\n80,0.5,0.25\n", "utf-8")
    curves = finished["curves"] | {"sharp": [curve]}
    write_page(PageInputs(**finished | {"curves": curves, "output": output}))
    found = Visit(browser, f"{output.as_uri()}#row=sharp", width=1280)
    assert drawer(found.page).locator("svg.line").count() == 1
    score = "Mean IU in training (%): 25.0, at iteration 80 alone"
    assert score in drawer(found.page).inner_text()
    assert found.messages == []
    found.context.close()


@pytest.mark.parametrize(("classes", "shown"), [(1, 1), (300, 101)])
def test_one_class_and_many_are_shown(browser, finished, tmp_path, classes, shown):
    metrics = [scored_net(tmp_path, name, classes) for name in ("near", "sharp")]
    output = tmp_path / "index.html"
    write_page(PageInputs(**finished | {"metrics": metrics, "output": output, "curves": {}}))
    found = Visit(browser, f"{output.as_uri()}#row=near&open=more-nets-confusion", width=390)
    page = found.page
    page.keyboard.press("Escape")
    page.locator(f"{EXPLORER} canvas").focus()
    for _ in range(shown):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    name = "class 0" if classes == 1 else "200 other classes"
    assert spoken(page).startswith(f"{name}, rightly labelled")
    limited = "Of 300 classes the heat map shows the 100 with most pixels"
    assert (limited in page.locator(EXPLORER).inner_text()) == (classes == 300)
    assert found.messages == []
    found.context.close()


def test_a_net_without_counts_is_named_and_its_panel_says_so(browser, finished, tmp_path):
    lone = tmp_path / "1.json"
    lone.write_bytes(finished["metrics"][3].read_bytes())
    output = tmp_path / "index.html"
    write_page(
        PageInputs(**finished | {"metrics": [*finished["metrics"][:3], lone], "output": output})
    )
    found = Visit(browser, f"{output.as_uri()}#row=sharp&open=more-nets-confusion")
    assert "There are no counts of this net." in drawer(found.page).inner_text()
    assert "so not here: Sharp." in found.page.locator(EXPLORER).inner_text()
    assert found.messages == []
    found.context.close()
