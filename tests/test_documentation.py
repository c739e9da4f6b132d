"""README and the manual: what they link, name and show is there."""

import ast
import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from fixtures.pages import PAGES, REPOSITORY, Block, blocks, name_of
from reference import MARKDOWN, with_generated

import fcnlib
from fcnlib.cli.main import COMMANDS
from fcnlib.config.load import read_config
from fcnlib.config.schema_nets import Net, Recipe
from fcnlib.models.fcn import build_fcn
from fcnlib.report.maps import maps_markdown

MANUAL = [page for page in PAGES if page.parent.name == "docs" and page.stem != "index"]
# What a path in backticks begins with, where it is one of ours.
ROOTS = ("fcnlib/", "fcn_synthetic/", "studies/", "benchmarks/", "examples/", "slurm/")


# What tests/workflow/test_printed_commands.py does not run; the reasons stand above them.
NOT_RUN = {
    "docs/cluster.md: snakemake all --software-deployment-method conda",
    "docs/cluster.md: docker build --tag fcn .",
    "docs/paper-scale.md: fcn estimate --scale paper",
    "docs/prediction.md: stacked = torch.cat([rgb.int(), millimetres.int()], 1)",
    "docs/weights.md: fcn fetch fcn8s-heavy-pascal.caffemodel --out weights",
}


def every(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in blocks(*languages)]


def run(*languages: str) -> list[Any]:
    """Those of them that are run."""
    return [
        pytest.param(
            block,
            id=block.place,
            marks=[pytest.mark.skip(f"not run: {block.title}: {block.reason}")]
            if block.reason
            else [],
        )
        for block in blocks(*languages)
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def anchors(page: Path) -> set[str]:
    """Those of a page's headings, as GitHub makes them, and those that it names."""
    text = with_generated(page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    named = re.findall(r"^\(([\w-]+)\)=$", text, re.M)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings} | {*named}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_into_pages_lead_to_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        if anchor and not target.startswith("https://"):
            assert anchor in anchors(page.parent / name if name else page), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"`([\w./-]+)`", page.read_text("utf-8")):
        if name.startswith(ROOTS):
            assert (REPOSITORY / name).exists(), name


@pytest.mark.parametrize("page", MANUAL, ids=name_of)
def test_the_readme_links_every_page_of_the_manual(page: Path) -> None:
    assert f"]({name_of(page)})" in (REPOSITORY / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_targets_of_make_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.M))
    shell = [block.code for block in blocks("sh", "console") if block.page == name_of(page)]
    commands = [*re.findall(r"`make ([a-z ]+)`", page.read_text("utf-8"))]
    commands += re.findall(r"^make ([a-z ]+?)(?: +#.*)?$", "\n".join(shell), re.M)
    assert {target for command in commands for target in command.split()} <= targets


def test_the_table_of_maps_is_that_of_the_published_net() -> None:
    with torch.device("meta"):
        table = maps_markdown("FCN-8s on VGG16", build_fcn(), side=500)
    assert table in (REPOSITORY / "docs/nets.md").read_text("utf-8")


def test_every_block_is_of_a_language_that_is_run_or_checked() -> None:
    known = {"sh", "console", "python", "text", "yaml", "{toctree}", "{eval-rst}"}
    assert {block.language for block in blocks()} <= known


def test_what_is_not_run_has_a_reason_and_is_no_more_than_this() -> None:
    assert {block.title for block in blocks() if block.reason} == NOT_RUN


@pytest.mark.parametrize("block", run("sh", "console"))
def test_commands_are_sound(block: Block) -> None:
    code = block.code
    if block.language == "console":
        code = "\n".join(re.findall(r"^\$ (.+)$", code, re.M))
    subprocess.run(["bash", "-n", "-c", code], check=True)
    assert code


@pytest.mark.parametrize("block", run("python"))
def test_snippets_assert_what_can_fail(block: Block) -> None:
    """As all that is known of one otherwise is that it ends."""
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(block.code)))


def test_the_page_of_the_library_has_every_public_name() -> None:
    text = (REPOSITORY / "docs/library.md").read_text("utf-8")
    shown = re.findall(r"^\.\. auto\w+:: fcnlib\.(\w+)$", text, re.M)
    assert sorted(shown) == sorted({*fcnlib.__all__} - {"__version__"})


def test_the_reference_of_commands_has_every_command_and_option() -> None:
    text = MARKDOWN["commands"]()
    assert re.findall(r"^## (\w+)$", text, re.M) == [*COMMANDS]
    for option in ("--sheet ", "--estimate / --no-estimate`", "-c, --config "):
        assert f"\n`{option}" in text


def test_the_reference_of_the_configuration_has_every_key() -> None:
    text = MARKDOWN["configuration"]()
    for model in (Net, Recipe):
        for key, field in model.model_fields.items():
            assert re.search(rf"^`{key}` \(.+\)\n: ", text, re.M)
            assert " ".join(str(field.description).split()).partition("`")[0] in text.replace(
                "\\", ""
            )
    assert "`upper_bound`" in text and "## datasets.NAME" in text


def test_the_picture_of_the_packages_shows_imports_that_go_down() -> None:
    picture = MARKDOWN["packages"]()
    assert "training imports models" in picture and "models imports training" not in picture
    assert "fcn_synthetic imports datasets" in picture


@pytest.mark.parametrize("block", every("python"))
def test_names_that_are_imported_are_there(block: Block) -> None:
    for module, names in re.findall(r"^from (fcn\S+) import (.+)$", block.code, re.M):
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name), name


@pytest.mark.parametrize("block", every("yaml"))
def test_configuration_that_is_shown_is_valid(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid over the project's own, as a user would lay it."""
    content = yaml.safe_load(block.code)
    study = {"section", "title"}  # of a study's file, not of an overlay
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        yaml.safe_dump({key: value for key, value in content.items() if key not in study}), "utf-8"
    )
    monkeypatch.chdir(REPOSITORY)
    config = read_config([Path("config.yaml"), overlay])
    shown = [part for part in ("experiments", "claims", "scales", "datasets") if part in content]
    assert shown
    for part in shown:
        for name, entry in content[part].items():  # null takes it away
            assert (name in getattr(config, part)) == (entry is not None)
