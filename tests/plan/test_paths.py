"""File names of a run."""

import pytest

from fcnlib.plan.paths import RunPaths

PATHS = RunPaths("demo")


def test_what_is_not_given_stays_a_wildcard() -> None:
    assert PATHS.checkpoint() == "results/demo/checkpoints/{experiment}/{seed}.pt"
    assert PATHS.checkpoint("voc", 0) == "results/demo/checkpoints/voc/0.pt"
    assert PATHS.checkpoint().format(experiment="voc", seed=0) == PATHS.checkpoint("voc", 0)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (PATHS.results_csv, "results/demo/results.csv"),
        (PATHS.claims, "results/demo/claims.json"),
        (PATHS.page, "results/demo/index.html"),
        (PATHS.report, "results/demo/report.html"),
        (PATHS.configuration, "results/demo/config.json"),
        (PATHS.curve("a", 1), "results/demo/curves/a/1.csv"),
        (PATHS.metrics("a", 1), "results/demo/metrics/a/1.json"),
        (PATHS.model("a", 1), "results/demo/models/a/1.ts"),
        (PATHS.dataset("voc"), "data/demo/voc/dataset.json"),
        (PATHS.starting_weights("vgg16"), "data/demo/weights/vgg16.pt"),
        (PATHS.released_file("a.caffemodel", "b", 0), "results/demo/checkpoints/b/0/a.caffemodel"),
    ],
)
def test_files_that_others_rely_on_keep_their_names(found: str, name: str) -> None:
    assert found == name


def test_no_two_files_of_a_run_have_one_name() -> None:
    of_runs = [PATHS.checkpoint, PATHS.curve, PATHS.model, PATHS.metrics, PATHS.counts]
    names = [file() for file in [*of_runs, PATHS.submission, PATHS.released_file, PATHS.scores]]
    names += [PATHS.run_log("train"), PATHS.run_benchmark("train"), PATHS.log("page")]
    names += [PATHS.picture("curves", "a"), PATHS.figure_info("curves", "a")]
    assert len(set(names)) == len(names)
