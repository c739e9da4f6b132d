"""The command on the page: what it makes again, whatever the run was started with."""

import html
import re
from pathlib import Path

import pytest
import yaml
from fixtures.clone import Clone
from PIL import Image

pytestmark = pytest.mark.slow

MINE = {
    "scale": "mine",
    "scales": {"mine": {"preset": "demo", "archives": "synthetic", "tables": ["mine"]}},
    "datasets": {
        "mine": {
            "converter": "folder", "path": "photos", "classes": ["ground", "thing"],
            "splits": {"val": "val.txt", "train": "train.txt"},
        }
    },
    "tables": {"mine": {"title": "Mine", "columns": ["mean_iu"]}},
    "experiments": {
        "mine-8": {
            "row": "factor 8", "tables": ["mine"], "upper_bound": {"factor": 8},
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


def test_the_page_links_the_configuration_it_names(mine: Clone) -> None:
    assert 'href="config.json"' in page(mine)
    assert (Path(mine.folder) / "results/mine/config.json").is_file()


def test_a_change_of_the_configuration_is_reported_in_few_words(mine: Clone) -> None:
    path = mine.folder / "mine.yaml"
    before = path.read_text("utf-8")
    path.write_text(before.replace("title: Mine", "title: My own"), "utf-8")
    printed = mine.run(
        "snakemake", "-n", "all", "--configfile", "mine.yaml", "--config", "seeds=[0,1]"
    )
    path.write_text(before, "utf-8")
    assert "rule configuration:" in printed and "rule upper_bound:" not in printed
    assert "voc-fcn8s" not in printed
