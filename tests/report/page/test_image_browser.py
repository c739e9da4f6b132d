"""The browser of test images, used as readers do."""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.browser import Visit, in_a_browser, violations

from fcnlib.report.image_set import (
    ImageLabels,
    ImageSet,
    ReducedImage,
    TaskLabels,
    read_image_set,
    write_image_set,
)
from fcnlib.report.page.page import PageInputs, write_page

pytestmark = in_a_browser
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
CAT, DOG = (128, 0, 0), (0, 128, 0)
MARKUP = '<img src=x onerror="console.log(1)">'


def opened(visit, state: str = "", **options) -> Any:
    """The page of a visit with the browser of its table open."""
    page = visit(reduced_motion="reduce", **options).page
    base = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{base}#more-nets-browser&open=more-nets-browser&images.nets={state}")
    drawn(page)
    return page


def drawn(page) -> None:
    page.wait_for_selector(".stage[data-shown]", state="attached")


def choose(page, side: str, label: str) -> None:
    page.locator("label", has_text=side).locator("select").select_option(label=label)


def pixel(page, canvas: int, x: float, y: float) -> tuple[int, ...]:
    """The colour of a picture at a place of the image, of 32 x 24 pixels."""
    drawn(page)
    return tuple(
        page.locator(".stage canvas").nth(canvas).evaluate(
            """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
              x * canvas.width / 32, y * canvas.height / 24, 1, 1).data].slice(0, 3)""",
            [x, y],
        )
    )  # fmt: skip


def captions(page) -> list[str]:
    drawn(page)
    found = page.locator(".stage :is(figcaption, .captions span)").all_inner_texts()
    return [text.replace("\u202f", " ") for text in found]


def order(page) -> list[str]:
    """The names of the images in the strip."""
    drawn(page)
    return page.locator(".strip button").evaluate_all("all => all.map((each) => each.title)")


def place(page) -> str:
    return page.locator(".place").inner_text()


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 24


@WIDTHS
def test_it_begins_with_the_truth_beside_the_best_net_on_its_worst_image(visit, width):
    page = opened(visit, width=width)
    assert captions(page) == ["Truth", "Sharp mean IU 88.9 %"]
    assert place(page) == "1 of 5: img_0, rank 1 of 5, over all nets"
    assert "all 5 test images" in page.locator("#more-nets-browser > summary").inner_text()


def test_nothing_of_it_is_decoded_before_it_is_opened(visit):
    page = visit().page
    assert page.locator("details.browser :is(img, canvas)").count() == 0
    page.locator("#more-nets-browser > summary").click()
    drawn(page)
    assert page.locator("details.browser canvas").count() == 2


@WIDTHS
def test_a_class_is_switched_off_and_on(visit, width):
    page = opened(visit, width=width)
    photograph = pixel(opened(visit, "left.photograph"), 0, 6, 10)
    assert not near(pixel(page, 0, 6, 10), photograph)
    cat = page.locator(".chips button", has_text="cat")
    cat.click()
    assert cat.get_attribute("aria-pressed") == "false"
    assert near(pixel(page, 0, 6, 10), photograph)
    cat.click()
    assert not near(pixel(page, 0, 6, 10), photograph)
    page.locator(".chips button", has_text="void").click(modifiers=["Shift"])  # void alone
    assert near(pixel(page, 0, 6, 10), photograph)


def test_void_is_shown_in_the_truth_and_can_be_switched_off(visit):
    page = opened(visit, "opacity.100")
    assert pixel(page, 0, 20, 23.5) == (224, 224, 192)
    page.locator(".chips button", has_text="void").click()
    assert pixel(page, 0, 20, 23.5) != (224, 224, 192)


@WIDTHS
def test_errors_only_leaves_the_photograph_where_the_net_is_right(visit, width):
    page = opened(visit, "opacity.100,image.0", width=width)
    assert pixel(page, 1, 6, 10) == CAT
    page.get_by_label("Errors only").check()
    assert pixel(page, 1, 6, 10) != CAT  # right
    assert pixel(page, 1, 1, 10) == (0, 0, 0)  # background, but it is a cat
    assert pixel(page, 0, 1, 10) == CAT
    assert captions(page)[0] == "Truth where Sharp is wrong"
    assert pixel(page, 1, 20, 23.5) == (224, 224, 192)  # void
    for name in ("background", "cat"):  # a wrong pixel belongs to both
        page.locator(".chips button", has_text=name).click()
    assert pixel(page, 1, 1, 10) != (0, 0, 0)


@WIDTHS
def test_opacity_goes_from_the_photograph_to_the_labels(visit, width):
    page = opened(visit, width=width)
    slider = page.get_by_label("Opacity of the labels")
    slider.fill("100")
    assert pixel(page, 0, 6, 10) == CAT
    assert pixel(page, 0, 20, 10) == (0, 0, 0)
    slider.fill("60")
    bare = pixel(page, 0, 20, 10)  # black classes darken no photograph
    slider.fill("0")
    assert pixel(page, 0, 20, 10) == bare
    assert pixel(page, 0, 6, 10) != CAT
    assert page.locator(".browser output").inner_text() == "0\u202f%"


@WIDTHS
def test_two_nets_are_swiped_by_slider_by_keyboard_and_by_hand(visit, width):
    page = opened(visit, "left.0,opacity.100,image.0", width=width)
    page.get_by_role("button", name="Swipe").click()
    assert [text.split(" mean")[0] for text in captions(page)] == ["Near-sighted <net>", "Sharp"]
    slider, box = page.get_by_label("Where the left picture ends"), page.locator(".swipe")
    slider.fill("0")
    right = box.screenshot()
    slider.fill("100")
    left = box.screenshot()
    assert left != right
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "99"
    found = box.bounding_box()
    page.mouse.move(found["x"] + found["width"] / 2, found["y"] + 20)
    page.mouse.down()
    page.mouse.move(found["x"] + found["width"] / 4, found["y"] + 20)
    page.mouse.up()
    assert slider.input_value() == "25"
    page.wait_for_function("location.hash.endsWith('view.swipe,opacity.100,at.25,image.0')")


def test_all_nets_are_shown_beside_photograph_and_truth(visit):
    page = opened(visit)
    page.get_by_role("button", name="All nets").click()
    assert [text.split(" mean")[0] for text in captions(page)] == [
        "Photograph",
        "Truth",
        "Near-sighted <net>",
        "Sharp",
    ]


@WIDTHS
def test_each_way_to_sort_has_an_order_of_its_own(visit, width):
    page = opened(visit, width=width)
    sort = page.get_by_label("Sort by")
    labels = sort.locator("option").all_inner_texts()
    assert labels[:2] == ["mean IU of Sharp", "gain of another net over Sharp"]
    assert order(page)[0] == "img_0"
    page.get_by_role("button", name="lowest first").click()
    assert order(page)[-1] == "img_0"
    choose(page, "Right", "Near-sighted <net>")
    by_near = order(page)
    sort.select_option("gain")  # of Sharp over Near-sighted
    assert captions(page)[0].startswith("Sharp")
    gains = page.locator(".strip button span").all_inner_texts()
    assert gains == sorted(gains, key=float, reverse=True)
    assert order(page) != by_near
    sort.select_option(label="dog")
    found = page.locator(".strip button").evaluate_all(
        "all => all.map((each) => [each.title, each.querySelector('span').textContent])"
    )
    assert {name for name, text in found if text == "\N{EN DASH}"} == {"img_0", "img_2", "img_4"}
    assert [name for name, _ in found[:2]] == ["img_1", "img_3"]
    assert "dog" in captions(page)[1]


@WIDTHS
def test_the_keyboard_does_all_of_it(visit, width):
    page = opened(visit, width=width)
    page.locator(".stage").focus()
    press = page.keyboard.press
    press("ArrowRight")
    assert place(page).startswith("2 of 5: img_1")
    press("End")
    assert place(page).startswith("5 of 5")
    press("Home")
    press("1")
    assert captions(page)[1].startswith("Near-sighted <net>")
    press("x")
    assert captions(page)[1] == "Truth"
    press("p")
    assert captions(page)[0] == "Photograph"
    press("e")
    assert page.get_by_label("Errors only").is_checked()
    press("+")
    press("-")
    press("-")
    assert page.get_by_label("Opacity of the labels").input_value() == "50"
    press("s")
    assert page.locator(".swipe").count() == 1
    press("a")
    assert len(captions(page)) == 4
    page.locator(".strip button[tabindex='0']").focus()
    press("ArrowRight")
    assert page.evaluate("document.activeElement.title") == "img_1"
    page.locator(".chips button", has_text="dog").press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"


def test_the_keys_of_a_browser_do_nothing_elsewhere(visit):
    page = opened(visit)
    page.locator("#more-nets-costs > summary").focus()
    page.keyboard.press("e")
    assert not page.get_by_label("Errors only").is_checked()


@WIDTHS
def test_a_link_shows_what_its_sender_saw(visit, width):
    page = opened(visit, width=width)
    choose(page, "Left", "Near-sighted <net>")
    page.get_by_label("Sort by").select_option("gain")
    page.get_by_role("button", name="Next image").click()
    page.locator(".chips button").first.click()
    page.get_by_label("Errors only").check()
    page.get_by_label("Opacity of the labels").fill("90")
    page.wait_for_function("location.hash.includes('opacity.90')")
    drawn(page)
    other = visit(width=width).page
    other.goto("about:blank")
    other.goto(page.url)
    drawn(other)
    for seen in (captions, order, place, lambda each: pixel(each, 1, 1, 10)):
        assert seen(other) == seen(page)
    assert other.locator(".chips button").first.get_attribute("aria-pressed") == "false"
    other.evaluate("location.hash = '#open=more-nets-browser'")  # an address without
    other.wait_for_function("!document.querySelector('.browser [type=checkbox]').checked")
    assert captions(other) == ["Truth", "Sharp mean IU 88.9 %"]


@pytest.mark.parametrize(
    "state",
    ["left.99,right.-1,image.7", "x", "..,,", "task.no,hidden.9-x,at.101", "sort.gain", "view.%00"],
)
def test_a_state_that_means_nothing_is_the_first(visit, state):
    page = opened(visit, state)
    assert captions(page) == ["Truth", "Sharp mean IU 88.9 %"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 820, 390])
def test_nothing_keeps_a_reader_out(visit, width, scheme):
    for state in ("", "view.swipe,hidden.1", "view.all,errors.1"):
        page = opened(visit, state, width=width, color_scheme=scheme)
        assert violations(page, context="details.browser") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_is_silent_and_asks_for_nothing(visit):
    seen = visit()
    seen.page.locator("#more-nets-browser > summary").click()
    drawn(seen.page)
    seen.page.get_by_role("button", name="All nets").click()
    seen.page.get_by_role("button", name="Next image").click()
    drawn(seen.page)
    assert seen.messages == []
    assert {url.partition(":")[0] for url in seen.requests} <= {"file", "data"}


def test_without_script_and_on_paper_the_picture_stands_for_it(visit):
    page = visit(java_script_enabled=False).page
    assert not page.locator("#more-nets-browser").is_visible()
    assert page.locator("#more-nets-examples").is_visible()
    page = opened(visit)
    page.emulate_media(media="print")
    assert not page.locator("#more-nets-browser").is_visible()


# Pages with other images.


def labels(tasks: int, nets: int, size: int) -> ImageLabels:
    """Of an image whose pixels are each of another class, to nets that say a class more."""
    truth = (np.arange(size) % tasks).astype(np.uint8)
    maps = [(truth + net) % tasks for net in range(nets + 1)]
    packed = base64.b64encode(zlib.compress(np.stack(maps).astype(np.uint8).tobytes())).decode()
    iu = {index: 10.0 for index in range(tasks)}
    return ImageLabels(maps=packed, mean_iu=(10.0,) * nets, class_iu=(iu,) * nets)


def image_set(photograph: str, classes: dict[str, int], *, images=3, nets=2, **fields) -> ImageSet:
    names = [f"{MARKUP} {i}" for i in range(images)]
    tasks = {
        task: TaskLabels(
            nets=tuple(f"{MARKUP} net {i}" for i in range(nets)),
            experiments=("near", "sharp")[:nets],
            classes=tuple((f"<b>{task} {i}</b>", f"#0000{i:02x}") for i in range(count)),
            images=(labels(count, nets, 32 * 24),) * images,
        )
        for task, count in classes.items()
    }
    shown = tuple(
        ReducedImage(name=name, rank=i + 1, width=32, height=24, photograph=photograph)
        for i, name in enumerate(names)
    )
    values = {"table": "nets", "seed": 0, "tested": images, "side": 500, "reduced": False}
    return ImageSet(**{**values, "images": shown, "tasks": tasks, **fields})


@pytest.fixture
def other_page(finished, tmp_path, browser):
    """The page with another set of images, opened."""
    contexts = []

    def open_page(classes: dict[str, int], **fields) -> Any:
        given = read_image_set(finished["images"][0]).images[0].photograph
        path = tmp_path / "nets.json"
        write_image_set(path, image_set(given, classes, **fields))
        write_page(PageInputs(**finished | {"images": [path], "output": tmp_path / "index.html"}))
        seen = Visit(browser, Path(tmp_path / "index.html").as_uri())
        contexts.append(seen.context)
        seen.page.locator("#more-nets-browser > summary").click()
        return seen

    yield open_page
    for context in contexts:
        context.close()


def test_names_are_text_whatever_is_in_them(other_page):
    seen = other_page({"semantic": 2})
    assert MARKUP in captions(seen.page)[1] and MARKUP in place(seen.page)
    seen.page.get_by_label("Sort by").select_option("1")
    assert "<b>semantic 1</b>" in captions(seen.page)[1]
    assert seen.page.locator("img[src=x]").count() == 0
    assert seen.messages == []


def test_a_task_is_chosen(other_page):
    page = other_page({"semantic": 4, "geometric": 2}).page
    drawn(page)
    assert page.locator(".chips button[data-class='3']").count() == 1
    page.get_by_label("Task").select_option("geometric")
    drawn(page)
    assert page.locator(".chips button[data-class='3']").count() == 0
    assert "<b>geometric 1</b>" in page.locator(".chips").inner_text()
    page.wait_for_function("location.hash.includes('task.geometric')")
    assert place(page).endswith("rank 1 of 3 by semantic mean IU, over all nets")


@pytest.mark.parametrize("classes", [1, 255])
def test_one_class_or_as_many_as_there_can_be(other_page, classes):
    seen = other_page({"semantic": classes}, nets=1)
    drawn(seen.page)
    assert seen.page.locator(".chips button[data-class]").count() == classes + 3  # void, all, none
    assert seen.page.get_by_label("Sort by").locator("option[value=gain]").count() == 0
    assert seen.messages == []


def test_the_net_on_the_right_is_the_best_of_the_table_and_not_of_the_images_here(other_page):
    page = other_page({"semantic": 2}).page  # whose two nets score alike
    assert captions(page)[1].startswith(f"{MARKUP} net 1")


def test_one_net_alone_has_a_rank_of_its_own(other_page):
    page = other_page({"semantic": 2}, nets=1, images=4, tested=9, worst=3).page
    drawn(page)
    assert place(page).endswith("rank 1 of 9")
    text = page.locator("#more-nets-browser").inner_text()
    assert "4 of 9 test images: the net's 3 worst, and others at even steps" in text
    assert "over all nets" not in text and "averaged" not in text


def test_a_state_of_another_task_comes_back(other_page):
    page = other_page({"semantic": 4, "geometric": 2}).page
    page.get_by_label("Task").select_option("geometric")
    choose(page, "Right", f"{MARKUP} net 1")
    page.wait_for_function("location.hash.includes('right.1')")
    page.reload()
    assert captions(page)[1].startswith(f"{MARKUP} net 1")
    assert page.get_by_label("Task").input_value() == "geometric"


def test_some_of_a_thousand_images_are_said_to_be_some(other_page):
    page = other_page({"semantic": 2}, images=25, tested=1000, reduced=True, worst=3).page
    drawn(page)
    text = page.locator("#more-nets-browser").inner_text()
    assert "Image browser: 25 of 1,000 test images" in text
    assert "25 of 1,000 test images: each net's 3 worst, and others at even steps of rank" in text
    assert "Shown with at most 500 pixels a side" in text
    assert len(order(page)) == 25


def test_a_table_whose_nets_were_not_available_says_so(other_page):
    seen = other_page({}, images=0, missing=(MARKUP,))
    assert (
        f"Not available, so not shown: {MARKUP}."
        in seen.page.locator("#more-nets-browser").inner_text()
    )
    assert seen.page.locator("#more-nets-browser canvas").count() == 0
    assert seen.messages == []
