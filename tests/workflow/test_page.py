"""The command on the page: what it makes again, whatever the run was started with."""

import html
import re
from pathlib import Path

import pytest
import yaml
from fixtures.browser import CHROMIUM
from fixtures.clone import Clone
from PIL import Image

pytestmark = pytest.mark.slow

# What a browser would run if a page or the report took it for markup.
RUNS = "</script><script>document.title=7</script><img src=x onerror=document.title=7>"
MINE = {
    "scale": "mine",
    "scales": {"mine": {"preset": "demo", "archives": "synthetic", "tables": ["mine"]}},
    "datasets": {
        "mine": {
            "converter": "folder", "path": "photos", "classes": "classes.txt",
            "splits": {"val": "val.txt", "train": "train.txt"},
        }
    },
    "tables": {"mine": {"title": f"Mine {RUNS}", "columns": ["mean_iu"], "note": RUNS}},
    "experiments": {
        "mine-8": {
            "row": f"factor 8 {RUNS}", "tables": ["mine"], "upper_bound": {"factor": 8},
            "data": {"dataset": "mine", "test": "val"},
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A finished run on own images, with a file of its own and a value on the command line."""
    clone = Clone(tmp_path_factory.mktemp("mine") / "clone")
    photos = clone.folder / "photos"
    for name in ("a", "b"):
        label = Image.new("L", (32, 24))
        label.paste(1, (3, 5, 20, 17))
        for folder, picture in (("images", label.convert("RGB")), ("masks", label)):
            (photos / folder).mkdir(parents=True, exist_ok=True)
            picture.save(photos / folder / f"{name}.png")
    (photos / "classes.txt").write_text(f"ground {RUNS}\ngrass <!--<script>\n", "utf-8")
    (photos / "train.txt").write_text("a\n", "utf-8")
    (photos / "val.txt").write_text("b\n", "utf-8")
    (clone.folder / "mine.yaml").write_text(yaml.safe_dump(MINE), "utf-8")
    options = ("--configfile", "mine.yaml", "--config", "seeds=[0,1]")
    clone.run("snakemake", "all", *options)
    return clone


def page(clone: Clone) -> str:
    return html.unescape((clone.folder / "results/mine/index.html").read_text("utf-8"))


def test_the_pages_command_makes_the_same_run(mine: Clone) -> None:
    block = re.search(r"<pre[^>]*><code>(.*?)</code>", page(mine), re.S)
    assert block
    command, on_a_cluster = block[1].strip().splitlines()
    assert "Nothing to be done" in mine.run(*command.split(), "-n")
    assert on_a_cluster.split() == [
        *command.split()[:1],
        "--profile",
        "slurm",
        *command.split()[1:],
    ]


def test_the_command_of_an_experiment_makes_its_scores_again(mine: Clone) -> None:
    block = re.search(r'id="run-mine-8".*?<pre[^>]*><code>(.*?)</code>', page(mine), re.S)
    assert block
    command = block[1].split()
    assert command[:2] == ["snakemake", "results/mine/metrics/mine-8/0.json"]
    assert "Nothing to be done" in mine.run(*command, "-n")
    assert "rule upper_bound:" in mine.run(*command, "-n", "--force")


def test_the_page_links_the_configuration_it_names(mine: Clone) -> None:
    assert 'href="config.json"' in page(mine)
    assert (Path(mine.folder) / "results/mine/config.json").is_file()


def test_a_change_of_the_configuration_is_reported_in_few_words(mine: Clone) -> None:
    path = mine.folder / "mine.yaml"
    before = path.read_text("utf-8")
    path.write_text(before.replace("Mine", "My own"), "utf-8")
    printed = mine.run(
        "snakemake", "-n", "all", "--configfile", "mine.yaml", "--config", "seeds=[0,1]"
    )
    path.write_text(before, "utf-8")
    assert "rule configuration:" in printed and "rule upper_bound:" not in printed
    assert "voc-fcn8s" not in printed


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
@pytest.mark.parametrize("file", ["index.html", "report.html"])
def test_no_text_of_a_configuration_or_class_list_runs_in_a_browser(
    mine: Clone, browser, file: str
) -> None:
    page = browser.new_page()
    page.goto((mine.folder / "results/mine" / file).as_uri())
    page.wait_for_timeout(500)
    if file == "report.html":  # what its scripts show of a table
        page.get_by_text("Tables", exact=True).click()
        page.wait_for_timeout(500)
    assert page.title() != "7"
    assert page.locator("img[src=x]").count() == 0
    page.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_the_report_shows_the_page_with_its_figures_and_lists_figures_by_title(
    mine: Clone, browser
) -> None:
    page = browser.new_page()
    page.goto((mine.folder / "results/mine/report.html").as_uri())
    page.get_by_text("Figures", exact=True).click()
    page.get_by_text("Mine </script>").wait_for()
    page.locator("td a").last.click()  # what is known of it
    page.get_by_text("table={...}").wait_for()
    page.reload()
    page.get_by_text("Page", exact=True).click()
    page.locator("td a").first.click()
    image = page.frame_locator("iframe").locator("figure img").first
    image.scroll_into_view_if_needed()
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
    page.close()
