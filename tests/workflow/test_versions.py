"""DVC: what is recorded is what would be computed, here and in a clone."""

import json
import re
import shutil
from pathlib import Path

import pytest
import snakemake
from fixtures.browser import CHROMIUM
from fixtures.clone import Clone, jobs, tiny

from fcnlib.config.load import load_config

pytestmark = pytest.mark.slow

NETS = {"voc-fcn32s", "voc-fcn16s", "voc-fcn8s-atonce"}
EXPERIMENTS = ["bound-32", "voc-fcn32s", "voc-fcn16s", "voc-fcn8s-atonce"]
# What follows from any changed number.
LAST = {"results", "claims", "page", "report", "all"}
VEGA = Path(snakemake.__file__).parent / "assets/data"
UP_TO_DATE = "Data and pipelines are up to date."


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A repository after `dvc repro`, committed and pushed to a remote of its own."""
    folder = tmp_path_factory.mktemp("versions")
    clone = Clone(folder / "recorded")
    clone.configure(tiny(clone.config(), EXPERIMENTS))
    printed = clone.run("dvc", "repro")
    assert {name for rule, name in jobs(printed) if rule == "train"} == NETS
    clone.run("dvc", "remote", "add", "--default", "here", str(folder / "remote"))
    clone.commit()
    clone.run("dvc", "push")
    return clone


@pytest.fixture
def pulled(recorded: Clone, tmp_path: Path) -> Clone:
    """Another clone, elsewhere, that got its files from the remote only."""
    clone = Clone(tmp_path / "elsewhere", source=recorded.folder)
    clone.run("dvc", "pull")
    return clone


def settled(clone: Clone) -> bool:
    """Whether DVC and Snakemake agree that all is as recorded."""
    printed = clone.run("dvc", "repro")
    status = clone.run("dvc", "status")
    if jobs(printed) or UP_TO_DATE not in printed or UP_TO_DATE not in status:
        return False
    return clone.nothing_to_do()


def checkpoints(clone: Clone) -> dict[str, bytes]:
    folder = clone.folder / "results/demo/checkpoints"
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/0.pt")}


def change(clone: Clone, place: str, value: object) -> None:
    """Another value at this path of the configuration."""
    content = clone.config()
    *folders, key = place.split(".")
    inner = content
    for folder in folders:
        inner = inner.setdefault(folder, {})
    inner[key] = value
    clone.configure(content)


def change_rate(clone: Clone) -> None:
    change(clone, "experiments.voc-fcn32s.recipe.learning_rate", 1.0e-9)


def of(rule: str, ran: set[tuple[str, str]]) -> set[str]:
    return {name for other, name in ran if other == rule}


def test_a_second_repro_does_nothing(recorded: Clone) -> None:
    assert settled(recorded)
    assert not recorded.run("git", "status", "--porcelain")


def test_metrics_and_curves_show(recorded: Clone) -> None:
    metrics = json.loads(recorded.run("dvc", "metrics", "show", "--json"))[""]["data"]
    assert {Path(name).stem for name in metrics} == set(EXPERIMENTS)
    assert 0 < metrics["results/demo/scores/voc-fcn32s.json"]["data"]["mean_iu"] < 100
    plots = json.loads(recorded.run("dvc", "plots", "show", "--json"))
    assert "errors" not in plots
    assert {Path(name).parent.name for name in plots["data"]} == NETS


def test_a_clone_that_pulled_has_nothing_to_do(pulled: Clone) -> None:
    assert pulled.nothing_to_do()
    assert settled(pulled)
    assert not pulled.run("git", "status", "--porcelain")


def test_a_changed_rate_retrains_what_depends_on_it_and_nothing_else(pulled: Clone) -> None:
    before = checkpoints(pulled)
    change_rate(pulled)
    ran = jobs(pulled.run("dvc", "repro"))
    affected = {"voc-fcn32s", "voc-fcn16s", "voc-fcn8s-atonce"}  # 16s starts from it, 8s is based
    assert of("train", ran) == of("evaluate", ran) == affected
    entries = load_config(pulled.config()).experiments
    assert of("table", ran) == {name for row in affected for name in entries[row].tables}
    assert not {"synthetic_voc", "prepare", "pretrain", "upper_bound"} & {rule for rule, _ in ran}
    after = checkpoints(pulled)
    assert {name for name in after if after[name] != before[name]} == affected
    assert settled(pulled)


def test_a_published_number_is_changed_in_its_table_alone(pulled: Clone) -> None:
    change(pulled, "experiments.bound-32.paper.mean_iu", 86.2)
    planned = pulled.planned()
    assert of("table", planned) == {"upper-bounds"}
    assert {rule for rule, _ in planned} <= {"table", "bounds", "configuration", *LAST}


def test_a_line_of_code_retrains_all_nets_and_is_not_recorded_with_old_ones(
    pulled: Clone,
) -> None:
    before = checkpoints(pulled)
    code = pulled.folder / "fcnlib/training/history.py"
    text = code.read_text("utf-8")
    code.write_text(re.sub(r"LOG_RECORDS = \d+", "LOG_RECORDS = 2", text), "utf-8")
    assert code.read_text("utf-8") != text
    ran = jobs(pulled.run("dvc", "repro", "train"))
    assert of("train", ran) == NETS and not {"prepare", "pretrain"} & {rule for rule, _ in ran}
    assert all(content != before[name] for name, content in checkpoints(pulled).items())


def test_what_was_pulled_are_files_of_ones_own(pulled: Clone) -> None:
    """Links to DVC's cache would be replaced before a run, and old scores look newer than nets."""
    files = [path for path in (pulled.folder / "results").rglob("*") if path.is_file()]
    assert len(files) > 50
    assert not any(path.is_symlink() or path.stat().st_nlink > 1 for path in files)


def test_an_experiment_of_dvc_trains_what_its_value_touches_and_can_be_undone(
    pulled: Clone,
) -> None:
    study, value = "studies/4.3-skips.yaml", "experiments.voc-fcn16s.recipe.learning_rate"
    ran = jobs(pulled.run("dvc", "exp", "run", "--set-param", f"{study}:+{value}=4e-8"))
    assert of("train", ran) == of("evaluate", ran) == {"voc-fcn16s"}
    changed = json.loads(pulled.run("dvc", "params", "diff", "--json"))
    assert changed == {study: {value: {"old": None, "new": 4.0e-8}}}
    printed = pulled.run("dvc", "metrics", "diff", "--all")
    assert "results/demo/scores/voc-fcn16s.json" in printed
    pulled.run("git", "checkout", "--quiet", study, "dvc.lock")
    pulled.run("dvc", "checkout")
    assert pulled.nothing_to_do()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_charts_of_dvc_show_without_internet(recorded: Clone, browser) -> None:
    for script in VEGA.glob("vega*/vega*.js"):
        shutil.copy(script, recorded.folder / ".dvc/tmp")  # as the Makefile does
    address = recorded.run("dvc", "plots", "show").split()[-1]
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_function(f"document.querySelectorAll('canvas').length == {len(NETS)}")
    page.close()
    assert all(url.startswith("file:") for url in asked)


def test_what_snakemake_made_first_is_recorded_and_not_made_again(pulled: Clone) -> None:
    change_rate(pulled)
    assert ("train", "voc-fcn32s") in jobs(pulled.run("snakemake", "all"))
    assert "changed outs" in pulled.run("dvc", "status")
    pulled.run("dvc", "commit", "--force")
    assert settled(pulled)


def test_code_and_templates_count_and_comments_do_not(pulled: Clone) -> None:
    code, template = (
        pulled.folder / "fcnlib" / name
        for name in ("training/trainer.py", "report/page/templates/base.css")
    )
    code.write_text(code.read_text("utf-8") + "# a comment\n", "utf-8")
    printed = pulled.run("dvc", "repro")
    assert "Running stage" in printed and not jobs(printed)
    template.write_text(template.read_text("utf-8") + "/* a colour */\n", "utf-8")
    ran = {rule for rule, _ in jobs(pulled.run("dvc", "repro"))}
    assert ran == {"page", "report", "all"}
    assert settled(pulled)
