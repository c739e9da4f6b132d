"""DVC: what is recorded is what would be computed, here and in a clone."""

import json
from pathlib import Path

import pytest
from clone_fixture import Clone, jobs, tiny

pytestmark = pytest.mark.slow

NETS = {"voc-fcn32s", "voc-fcn8s-atonce"}
EXPERIMENTS = [*sorted(NETS), "bound-32"]
UP_TO_DATE = "Data and pipelines are up to date."


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A repository after `dvc repro`, committed and pushed to a remote of its own."""
    folder = tmp_path_factory.mktemp("versions")
    clone = Clone(folder / "recorded")
    clone.configure(tiny(clone.config(), EXPERIMENTS))
    said = clone.run("dvc", "repro")
    assert {name for rule, name in jobs(said) if rule == "train"} == NETS
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
    said = clone.run("dvc", "repro")
    status = clone.run("dvc", "status")
    return not jobs(said) and UP_TO_DATE in said and UP_TO_DATE in status and clone.nothing_to_do()


def checkpoints(clone: Clone) -> dict[str, bytes]:
    folder = clone.folder / "results/demo/checkpoints"
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/0.pt")}


def change_rate(clone: Clone) -> None:
    content = clone.config()
    content["experiments"]["voc-fcn32s"]["recipe"]["learning_rate"] = 1.0e-9
    clone.configure(content)


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


def test_a_changed_rate_retrains_what_depends_on_it(pulled: Clone) -> None:
    before = checkpoints(pulled)
    change_rate(pulled)
    ran = jobs(pulled.run("dvc", "repro"))
    affected = {"voc-fcn32s"}
    for rule in ("train", "evaluate"):
        assert {name for other, name in ran if other == rule} == affected
    assert not {"draw_voc", "prepare", "pretrain", "upper_bound"} & {rule for rule, _ in ran}
    after = checkpoints(pulled)
    assert {name for name in after if after[name] != before[name]} == affected
    assert settled(pulled)


def test_what_snakemake_made_first_is_recorded_and_not_made_again(pulled: Clone) -> None:
    change_rate(pulled)
    assert ("train", "voc-fcn32s") in jobs(pulled.run("snakemake", "all"))
    assert "changed outs" in pulled.run("dvc", "status")
    pulled.run("dvc", "commit", "--force")
    assert settled(pulled)


def test_code_and_templates_count_and_comments_do_not(pulled: Clone) -> None:
    code, template = (
        pulled.folder / "fcnlib" / name for name in ("train.py", "templates/style.css")
    )
    code.write_text(code.read_text() + "# a comment\n")
    said = pulled.run("dvc", "repro")
    assert "Running stage" in said and not jobs(said)
    template.write_text(template.read_text() + "/* a colour */\n")
    ran = {rule for rule, _ in jobs(pulled.run("dvc", "repro"))}
    assert ran == {"page", "report", "all"}
    assert settled(pulled)
