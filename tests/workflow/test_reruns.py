"""What a change runs again, and what it does not, after a run whose files are all there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fixtures.clone import jobs
from fixtures.workflow import copy_workflow, snakemake

pytestmark = pytest.mark.slow

NETS = {"voc-fcn32s", "voc-fcn16s", "voc-fcn8s-atonce", "voc-fcn8s"}
TABLES = "[skip-controls, upper-bounds, zoo, joint-tasks]"
MADE = re.compile(r"^    (?:output|benchmark): (.*)$", re.MULTILINE)
# Snakemake, without its pause of a tenth of a second before it touches a job's files.
TOUCH = """
import sys
from snakemake.cli import main
from snakemake.executors.touch import Executor
Executor.SLEEPING_TIME = 0
main(sys.argv[1:])
"""
# What follows from any changed number or name.
LAST = {"results", "claims", "ablation", "configuration", "page", "report", "all"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few tables of the studies as Snakemake knows it once done; its files are empty."""
    folder = tmp_path_factory.mktemp("finished")
    copy_workflow(folder)
    config = folder / "config.yaml"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("    forward_side: 128\n", f"    tables: {TABLES}\n", 1), "utf-8"
    )
    assert config.read_text("utf-8") != text
    run(folder, "results/demo/config.json")
    for files in MADE.findall(planned(folder)):
        for file in files.split(", "):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    touched = [sys.executable, "-c", TOUCH, "all", "--touch", "--forceall", "--cores", "1"]
    subprocess.run(touched, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(folder)})
    assert rules(folder) == set()
    return folder


def run(folder: Path, *arguments: str) -> str:
    done = snakemake(folder, *arguments, "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def planned(folder: Path, *options: str) -> str:
    return run(folder, "all", "-n", *options)


def rules(folder: Path, *options: str) -> set[str]:
    """The rules that would run."""
    return {rule for rule, _ in jobs(planned(folder, *options))}


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """The file with something else in it, for a while."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        yield
    finally:
        path.write_text(text, "utf-8")


def of(rule: str, found: set[tuple[str, str]]) -> set[str]:
    return {name for other, name in found if other == rule}


def test_a_published_number_is_changed_in_the_tables_and_charts_that_show_it(
    finished: Path,
) -> None:
    with edited(finished / "studies/6.3-upper-bounds.yaml", "mean_iu: 86.1", "mean_iu: 86.2"):
        found = jobs(planned(finished))
    assert of("table", found) == {"upper-bounds"}
    assert {rule for rule, _ in found} == {"table", "bounds", "gaps", *LAST}


def test_a_learning_rate_trains_its_net_and_what_starts_from_it(finished: Path) -> None:
    study = finished / "studies/4.3-skips.yaml"
    text = study.read_text("utf-8")
    entry = text[text.index("  voc-fcn16s:") : text.index("  voc-fcn8s-atonce:")]
    changed = entry.replace("{name: staged}", "{name: staged, learning_rate: 1.0e-9}")
    assert changed != entry
    with edited(study, entry, changed):
        found = jobs(planned(finished))
    assert of("train", found) == {"voc-fcn16s", "voc-fcn8s"}
    assert of("convert", found) == {"zoo-voc-fcn16s", "zoo-voc-fcn8s"}
    assert of("evaluate", found) == {*of("train", found), *of("convert", found)}
    assert of("table", found) == {"skip-controls", "zoo"}
    assert not {"prepare", "pretrain", "upper_bound"} & {rule for rule, _ in found}


def test_other_minutes_between_saved_states_train_nothing(finished: Path) -> None:
    """The page's copy of the configuration alone has them."""
    demo = "    preset: demo\n"
    with edited(finished / "config.yaml", demo, f"{demo}    save_minutes: 7\n"):
        assert rules(finished) == {"configuration", "page", "report", "all"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fcnlib/training/trainer.py", "\n\n\n", "\n\n\n# a comment\n"),
        ("fcnlib/__init__.py", '"""', '"""Other words. '),
        ("fcnlib/__init__.py", "\n", "\nname = 1\n"),
        ("studies/4.3-skips.yaml", "tables:", "# a comment\ntables:"),
    ],
)
def test_comments_and_the_public_face_change_nothing(
    finished: Path, file: str, old: str, new: str
) -> None:
    with edited(finished / file, old, new):
        assert rules(finished) == set()


def test_a_line_of_code_trains_all_nets(finished: Path) -> None:
    with edited(finished / "fcnlib/training/trainer.py", "\n\n\n", "\n\nx = 1\n\n"):
        found = jobs(planned(finished))
    assert of("train", found) >= NETS
    assert not {"prepare", "hha", "pretrain", "upper_bound", "time"} & {rule for rule, _ in found}


def test_a_style_makes_the_page_alone(finished: Path) -> None:
    style = finished / "fcnlib/report/page/templates/base.css"
    with edited(style, "{", "/* a colour */ {"):
        assert rules(finished) == {"page", "report", "all"}


def test_a_class_list_prepares_its_data_anew(finished: Path) -> None:
    [path] = (finished / "fcnlib/datasets/converters/lists").glob("siftflow-test.txt")
    with edited(path, path.read_text("utf-8").split("\n", 1)[0] + "\n", ""):
        found = jobs(planned(finished))
    again = {rule for rule, _ in found}
    assert of("prepare", found) == {"siftflow"}
    # The synthetic archive has the published test images' names too.
    assert {"prepare", "synthetic_siftflow"} <= again
    assert not {"synthetic_voc", "synthetic_sbd", "pretrain", "time"} & again


ENTRY = """
  mine:
    base: voc-fcn32s
    row: FCN-32s of mine
    tables: [skip-controls]
    recipe: {weight_decay: 0.001}
"""


def test_an_entry_is_added_where_it_is_shown_alone(finished: Path) -> None:
    with edited(finished / "studies/4.3-skips.yaml", "\n  voc-fcn16s:", f"{ENTRY}\n  voc-fcn16s:"):
        found = jobs(planned(finished))
    assert of("train", found) == of("evaluate", found) == {"mine"}
    for rule in ("table", "curves", "class_iu", "examples"):
        assert of(rule, found) == {"skip-controls"}
    expected = {"train", "evaluate", "table", "curves", "class_iu", "examples", "times"}
    assert {rule for rule, _ in found} == {*expected, *LAST}


def test_the_copy_of_the_configuration_makes_the_same_run(finished: Path) -> None:
    options = ("--configfile", "results/demo/config.json")
    assert rules(finished, *options) == set()
    with edited(finished / "studies/6.3-upper-bounds.yaml", "mean_iu: 86.1", "mean_iu: 86.2"):
        assert rules(finished, *options) == set()
    (finished / "studies").rename(finished / "elsewhere")
    try:
        assert rules(finished, *options) == set()
    finally:
        (finished / "elsewhere").rename(finished / "studies")


def test_a_changed_claim_is_judged_without_a_table(finished: Path) -> None:
    with edited(finished / "studies/4.3-skips.yaml", "    statement: ", "    statement: Yes. "):
        assert rules(finished) == {"claims", "configuration", "page", "report", "all"}
