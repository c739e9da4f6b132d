"""`fcn verify` and `fcn compare` as people type them."""

import shutil
from pathlib import Path

import pytest
from fixtures import commands
from fixtures.stored import write_run

from fcnlib.config.studies import read_raw_config


def fcn(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int | str, list[str]]:
    """The exit code, or the error's line, and the lines that were printed."""
    code, printed = commands.fcn(capsys, *arguments)
    return code, printed.splitlines()


@pytest.fixture(scope="module")
def written(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "demo"
    config, _ = read_raw_config([repository / "config.yaml"])
    config["scales"]["demo"]["tables"] = ["upper-bounds"]
    write_run(folder, config)
    return folder


@pytest.fixture
def results(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "demo"))


def test_verify_ends_with_what_was_checked_and_fails_if_anything_does_not_fit(
    capsys: pytest.CaptureFixture[str], results: Path
) -> None:
    code, lines = fcn(capsys, "verify", results)
    assert code == 0 and len(lines) == 1 and lines[0].endswith("all fit")
    path = results / "scores/bound-32.json"
    path.write_text(path.read_text("utf-8").replace("mean_iu", "mean\x1b[2J"), "utf-8")
    code, lines = fcn(capsys, "verify", results)
    assert code == 1 and lines[0].startswith(f"{path}: ")
    assert lines[-1].endswith("of what does not fit") and "\x1b" not in "".join(lines)


def test_verify_of_what_are_no_results_is_refused_in_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, lines = fcn(capsys, "verify", tmp_path / "nowhere")
    assert str(code).startswith(f"error: {tmp_path / 'nowhere'}: no such folder") and not lines
    code, lines = fcn(capsys, "verify", tmp_path)
    assert str(code) == (
        f"error: {tmp_path / 'config.json'}: no such file; expected the configuration of a run"
    )


def test_compare_prints_a_summary_or_writes_a_page(
    capsys: pytest.CaptureFixture[str], results: Path, written: Path, tmp_path: Path
) -> None:
    code, lines = fcn(capsys, "compare", written, results)
    assert code == 0 and lines[-1].startswith("nothing differs")
    out = tmp_path / "diff.html"
    code, lines = fcn(capsys, "compare", written, results / "results.csv", "--out", out)
    assert code == 0 and lines == [str(out)] and "<h1>" in out.read_text("utf-8")


def test_compare_of_bad_input_leaves_no_page(
    capsys: pytest.CaptureFixture[str], results: Path, tmp_path: Path
) -> None:
    (results / "results.csv").write_text("table,row\n", "utf-8")
    out = tmp_path / "diff.html"
    code, _ = fcn(capsys, "compare", results, results, "--out", out)
    assert str(code).startswith(f"error: {results / 'results.csv'}: expected the columns")
    assert not out.exists()
