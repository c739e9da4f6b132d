"""A finished run, and what `fcn verify` finds once anything in it is changed."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.stored import write_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.plan.stored import stored_run
from fcnlib.report.verification.verify import Verification, verify

TABLES = ["skips", "upper-bounds", "sliding"]


def small_config(repository: Path, *seeds: int) -> dict[str, Any]:
    """The project's configuration with a few tables alone."""
    config, _ = read_raw_config([repository / "config.yaml"])
    config["scales"]["demo"]["tables"] = TABLES
    return config | {"seeds": list(seeds)}


@pytest.fixture(scope="module")
def written(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "demo"
    write_run(folder, small_config(repository, 0, 1))
    return folder


@pytest.fixture
def results(written: Path, tmp_path: Path) -> Path:
    """A copy of it, elsewhere and under another name."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


def verified(folder: Path) -> Verification:
    return verify(stored_run(folder))


def problems(folder: Path) -> list[str]:
    """What does not fit, without the folder's own path."""
    return [line.replace(f"{folder}/", "") for line in verified(folder).problems]


def edit_json(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def test_a_run_fits_wherever_it_lies_and_the_last_line_says_what_was_checked(results: Path) -> None:
    done = verified(results)
    run = stored_run(results)
    assert done.problems == []
    assert done.rows == len((results / "results.csv").read_text("utf-8").splitlines()) - 1
    assert done.verdicts == len(run.claims)
    assert done.nets == len({stored.experiment for stored in run.metrics if stored.counts})
    assert re.fullmatch(
        rf"checked {done.scores:,} scores of {done.nets} nets, {done.rows} rows and "
        rf"{done.verdicts} verdicts.*: all fit",
        done.summary(),
    )


def test_a_net_that_could_not_be_had_fits_without_scores(repository: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "demo", small_config(repository, 0), unavailable="bound-32")
    assert verified(run.folder).problems == []
    path = run.folder / "metrics/bound-32/0.json"
    edit_json(path, lambda x: x.update(seed=3))
    assert problems(run.folder)[0] == "metrics/bound-32/0.json: seed: 3; expected 0"


FILES = [
    "tables/skips.csv", "tables/skips.md", "tables/skips.tex", "tables/sliding.csv",
    "results.csv", "claims.json", "scores/voc-fcn8s.json", "metrics/voc-fcn8s/1.json",
    "metrics/bound-32/0.json",
]  # fmt: skip


def spans(file: str, text: str) -> Iterator[range]:
    """Where digits are of which something depends: of a metrics file, not all are."""
    if not file.startswith("metrics"):
        yield range(len(text))
        return
    for begin, end in [('"seed"', "{"), ('"values"', '"seed"'), ('"images"', '"costs"')]:
        start = text.index(begin)
        yield range(start, text.index(end, start))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(file=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True), by=st.integers(1, 9))
def test_any_digit_that_is_changed_is_noticed(
    written: Path, file: str, where: float, by: int
) -> None:
    path = written / file
    text = path.read_text("utf-8")
    digits = [i for span in spans(file, text) for i in span if text[i] in "0123456789"]
    at = digits[int(where * len(digits))]
    path.write_text(f"{text[:at]}{(int(text[at]) + by) % 10}{text[at + 1 :]}", "utf-8")
    try:
        assert verified(written).problems, text[max(0, at - 40) : at + 20]
    finally:
        path.write_text(text, "utf-8")


def test_a_score_that_was_changed_is_named_with_what_its_counts_say(results: Path) -> None:
    path = results / "metrics/voc-fcn8s/0.json"
    score = json.loads(path.read_text("utf-8"))["tasks"]["semantic"]["mean_iu"]
    edit_json(path, lambda x: x["tasks"]["semantic"].update(mean_iu=0.75))
    (found,) = problems(results)  # the tables are still those of the counts
    expected = f"{score:.8g}"
    assert found.startswith("metrics/voc-fcn8s/0.json: tasks.semantic.mean_iu: 0.75; expected 0.")
    assert expected[:7] in found and "as its counts say" in found


def test_what_many_files_lack_is_named_in_a_few_and_counted_in_the_others(results: Path) -> None:
    files = sorted(results.glob("metrics/*/*.json"))
    for path in files:
        edit_json(path, lambda x: x["provenance"].update(values={"of": "another version"}))
    found = [line for line in problems(results) if "provenance.values.of: " in line]
    assert len(files) > 6 and len(found) == 6
    assert found[-1] == (
        f'{len(files) - 5} more files: provenance.values.of: "another version"; expected nothing'
    )


def test_counts_that_were_changed_contradict_scores_tables_and_all_that_follows(
    results: Path,
) -> None:
    path = results / "metrics/voc-fcn8s/0.npz"
    with np.load(path) as file:
        ids, counts = file["ids"], file["semantic"]
    counts[0, 0, 0] += 1000
    np.savez(path, ids=ids, semantic=counts)
    found = "\n".join(problems(results))
    for file in ("metrics/voc-fcn8s/0.json", "tables/skips.csv", "results.csv", "scores/voc-fcn8s"):
        assert file in found


NAMED = {
    "metrics/voc-fcn8s/0.npz": "the counts that 0.json is of",
    "metrics/voc-fcn8s/1.json": "a metrics file",
    "curves/voc-fcn8s/0.csv": "the learning curve of a net",
    "tables/upper-bounds.csv": "a file of this run",
    "tables/upper-bounds.tex": "a file of this run",
    "results.csv": "a file of this run",
    "claims.json": "a file of this run",
    "scores/voc-fcn8s.json": "a file of this run",
    "figures/curves/skips.json": "a figure's description",
    "figures/bounds/upper-bounds.svg": "the picture of upper-bounds.json",
}


def test_every_file_that_is_missing_is_named(results: Path) -> None:
    for file in NAMED:
        (results / file).unlink()
    found = problems(results)
    for file, expected in NAMED.items():
        assert f"{file}: missing; expected {expected}" in found


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"[" * 9999], ids=["empty", "binary", "brackets"]
)
def test_every_file_that_is_damaged_is_named_in_a_line(results: Path, content: bytes) -> None:
    looked_into = [file for file in NAMED if not file.endswith(".svg")]
    for file in looked_into:
        (results / file).write_bytes(content)
    found = problems(results)
    assert all(len(line.splitlines()) == 1 for line in found)
    for file in looked_into:
        assert any(line.startswith(file) for line in found), file


def test_what_cannot_be_derived_is_said_and_the_rest_is_checked(results: Path) -> None:
    (results / "metrics/voc-fcn8s/0.json").unlink()
    edit_json(results / "scores/bound-32.json", lambda x: x.update(mean_iu=1.0))
    found = problems(results)
    underived = "tables/skips.csv: cannot be derived; expected metrics/voc-fcn8s/0.json"
    assert f"{underived}, of its rows" in found
    assert any(line.startswith("scores/bound-32.json: mean_iu: 1.0; expected") for line in found)
    assert not any(line.startswith("results.csv") for line in found)


def test_results_of_another_configuration_are_noticed(results: Path) -> None:
    def change(config: Any) -> None:
        config["experiments"]["voc-fcn8s"]["recipe"]["learning_rate"] = 0.5

    edit_json(results / "config.json", change)
    found = problems(results)
    place = "metrics/voc-fcn8s/0.json: provenance.values.recipe.learning_rate"
    assert any(line.startswith(place) and "expected 0.5" in line for line in found)
    assert any("settings.learning_rate" in line for line in found)


def test_a_published_number_that_was_changed_contradicts_the_table(results: Path) -> None:
    edit_json(
        results / "config.json",
        lambda config: config["experiments"]["voc-fcn8s"]["paper"].update(mean_iu=99.0),
    )
    assert any("tables/skips.csv: line" in line and "99.0" in line for line in problems(results))


def test_files_of_no_experiment_of_the_configuration_are_noticed(results: Path) -> None:
    shutil.copytree(results / "metrics/voc-fcn8s", results / "metrics/another")
    (results / "tables/another.csv").write_text("", "utf-8")
    found = problems(results)
    assert len(found) == 5 and all("no such file: config.json has none" in line for line in found)


def test_two_runs_that_changed_places_are_noticed(results: Path) -> None:
    folder = results / "metrics/voc-fcn8s"
    for name in ("0.json", "0.npz"):
        shutil.copy(folder / name.replace("0", "1"), folder / name)
    assert "metrics/voc-fcn8s/0.json: seed: 1; expected 0" in problems(results)


def test_a_curve_that_contradicts_itself_is_noticed(results: Path) -> None:
    lines = {
        "voc-fcn8s/0.csv": ("15,16,1.5,0.5,10,,,,", "line 3: images: 16; expected 15, of batches"),
        "voc-fcn8s/1.csv": ("15,15,0.5,0.5,10,,,,", "line 3: seconds: 0.5; expected 1 or more"),
        "voc-fcn16s/0.csv": ("15,15,1.75,0.5,10,,,,", "line 3: seconds: 1.75; expected about 1.50"),
        "voc-fcn16s/1.csv": ("15,15,x,0.5,10,,,,", "line 3: seconds: 'x'; expected a number"),
    }
    for file, (line, _) in lines.items():
        path = results / "curves" / file
        head = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([*head[:2], line, *head[3:]]) + "\n", "utf-8")
    found = problems(results)
    for file, (_, problem) in lines.items():
        assert any(x.startswith(f"curves/{file}: {problem}") for x in found), file


def test_a_curve_of_another_training_is_noticed(results: Path) -> None:
    edit_json(results / "metrics/voc-fcn8s/0.json", lambda x: x["costs"].update(training_s=9.0))
    edit_json(results / "metrics/voc-fcn8s/1.json", lambda x: x.update(best_iteration=10))
    found = "\n".join(problems(results))
    assert "curves/voc-fcn8s/0.csv: seconds: 2; expected 9.00" in found
    assert "metrics/voc-fcn8s/1.json: best_iteration: 10; expected 20" in found


def test_a_mean_time_that_is_not_that_of_its_runs_is_noticed(results: Path) -> None:
    edit_json(results / "metrics/voc-fcn8s/0.json", lambda x: x["runs_ms"].update(forward=[1.0]))
    assert "metrics/voc-fcn8s/0.json: costs.forward_ms: 2.0; expected 1.0" in problems(results)


def test_of_many_problems_of_a_file_the_first_few_are_named_and_the_rest_counted(
    results: Path,
) -> None:
    path = results / "results.csv"
    path.write_text(path.read_text("utf-8").replace(",demo,", ",paper,"), "utf-8")
    found = [line for line in problems(results) if line.startswith("results.csv")]
    assert found[0].endswith("scale: 'paper'; expected 'demo'")
    assert re.fullmatch(r"results\.csv: \d+ more values do not fit", found[-1]) and len(found) == 6


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"scale": "demo"}', "[" * 99999])
def test_a_folder_without_a_configuration_is_refused_in_a_line(
    results: Path, content: str | None
) -> None:
    path = results / "config.json"
    path.unlink()
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(InputError) as error:
        stored_run(results)
    assert str(path) in str(error.value) and len(str(error.value).splitlines()) == 1
    with pytest.raises(InputError, match=r"nowhere: no such folder; expected results"):
        stored_run(results / "nowhere")
