"""Tables of measured and published numbers: tidy, Markdown, LaTeX."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures.marks import WHY, write_unavailable
from fixtures.page import run_metadata, table_files, write_dataset, write_net
from fixtures.results import write_mean_iu, write_metrics

from fcnlib.core.errors import InputError
from fcnlib.evaluation import metrics as scores
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import RunMetadata
from fcnlib.report.results import join_tables, read_results, result_rows, write_scores
from fcnlib.report.tables import build_table

SKIPS = {
    "name": "skips",
    "title": "Table 3",
    "section": "4.3",
    "columns": ["pixel_accuracy", "mean_iu"],
    "images": "synthetic",
    "rows": [
        {"experiment": "fine", "row": "FCN-8s", "paper": {"pixel_accuracy": 91.2, "mean_iu": 65.5}},
        {"experiment": "coarse", "row": "FCN-32s", "paper": {"mean_iu": 63.6}},
        {"experiment": "sds", "row": "SDS", "paper": {"mean_iu": 51.6}},
    ],
}


def build(folder: Path, metrics: list[Path], table=SKIPS, scale="demo") -> tuple[str, str]:
    files = table_files(folder / "tables/skips.csv")
    build_table(table, scale=scale, metrics=metrics, **files)
    return files["csv"].read_text("utf-8"), files["markdown"].read_text("utf-8")


def measured_columns(csv: str) -> list[str]:
    """The lines of a table's CSV without what the numbers are of."""
    return [",".join(line.split(",")[:10]) for line in csv.splitlines()]


def test_a_table_is_tidy_and_in_the_order_of_its_rows(tmp_path):
    coarse = write_metrics(tmp_path, "coarse", 0, pixel_accuracy=0.9, mean_iu=0.57)
    fine = write_metrics(tmp_path, "fine", 0, pixel_accuracy=0.95, mean_iu=0.6)
    csv, _ = build(tmp_path, [coarse, fine])
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert csv == (
        "table,row,experiment,task,metric,measured,std,seeds,paper,unit,scale,images,section,commit\n"
        f"skips,FCN-8s,fine,semantic,pixel_accuracy,95.0,,1,91.2,%,demo,synthetic,4.3,{commit}\n"
        f"skips,FCN-8s,fine,semantic,mean_iu,60.0,,1,65.5,%,demo,synthetic,4.3,{commit}\n"
        f"skips,FCN-32s,coarse,semantic,pixel_accuracy,90.0,,1,,%,demo,synthetic,4.3,{commit}\n"
        f"skips,FCN-32s,coarse,semantic,mean_iu,57.0,,1,63.6,%,demo,synthetic,4.3,{commit}\n"
        "skips,SDS,sds,semantic,pixel_accuracy,,,,,%,demo,synthetic,4.3,\n"
        "skips,SDS,sds,semantic,mean_iu,,,,51.6,%,demo,synthetic,4.3,\n"
    )


def test_several_seeds_give_their_mean_and_sample_deviation(tmp_path):
    runs = [
        write_metrics(tmp_path, "fine", seed, pixel_accuracy=0.9, mean_iu=iu)
        for seed, iu in enumerate((0.5, 0.6, 0.7))
    ]
    build(tmp_path, runs)
    row = result_rows(read_results(tmp_path / "tables/skips.csv"))[1]
    assert (row.measured, row.std, row.seeds) == (60.0, 10.0, 3)


def test_markdown_names_the_world_of_each_number_and_marks_the_best(tmp_path):
    coarse = write_metrics(tmp_path, "coarse", 0, pixel_accuracy=0.9, mean_iu=0.57)
    fine = write_metrics(tmp_path, "fine", 0, pixel_accuracy=0.95, mean_iu=0.6)
    _, markdown = build(tmp_path, [coarse, fine])
    assert markdown.splitlines()[2:7] == [
        "|  | pixel acc., demo | paper | mean IU, demo | paper |",
        "| :-- | --: | --: | --: | --: |",
        "| FCN-8s | **95.0** | 91.2 | **60.0** | 65.5 |",
        "| FCN-32s | 90.0 |  | 57.0 | 63.6 |",
        "| SDS |  |  |  | 51.6 |",
    ]
    assert "synthetic scenes take the place of the published images" in markdown
    published = build(tmp_path, [coarse, fine], SKIPS | {"images": "published"}, "paper")[1]
    assert "demo" not in published and "synthetic" not in published
    assert "| FCN-8s | **95.0** | 91.2 |" in published


@pytest.mark.parametrize(
    ("fine", "coarse", "expected"),
    [
        ("test", "test", ["Every net is scored at its snapshot with the best mean IU on the test"]),
        ("validation", "validation", ["Every net is scored at its snapshot with the best mean IU "
         "on the validation images."]),
        ("training", "training", ["Every net is scored at its snapshot with the best mean IU "
         "on the training images."]),
        ("validation", "test", ["FCN-8s: scored at its snapshot with the best mean IU on the valid",
         "FCN-32s: scored at its snapshot with the best mean IU on the test images, as in"]),
    ],
)  # fmt: skip
def test_a_table_names_the_images_that_snapshots_were_picked_on(tmp_path, fine, coarse, expected):
    first, second, other = SKIPS["rows"]
    rows = [first | {"picked_on": fine}, second | {"picked_on": coarse}, other]
    _, markdown = build(tmp_path, [], SKIPS | {"rows": rows})
    assert all(sentence in markdown for sentence in expected)
    assert markdown.count("snapshot") == len(expected)


def test_nothing_is_said_of_the_choice_of_a_snapshot_where_there_was_one(tmp_path):
    rows = [SKIPS["rows"][0] | {"picked_on": "test"}]
    path = write_metrics(tmp_path, rows[0]["experiment"], 0, pixel_accuracy=0.9, mean_iu=0.1)
    table = SKIPS | {"rows": rows}
    assert "The net is scored at its snapshot" in build(tmp_path, [path], table)[1]
    content = json.loads(path.read_text("utf-8"))
    content["provenance"]["values"] = {"recipe": {"iterations": 100, "validate_every": 1900}}
    path.write_text(json.dumps(content), "utf-8")
    assert "snapshot" not in build(tmp_path, [path], table)[1]


def test_rows_without_snapshots_have_no_note_on_them(tmp_path):
    assert "snapshot" not in build(tmp_path, [])[1]


def test_equal_input_gives_equal_bytes_in_any_order_of_files(tmp_path):
    runs = [
        write_metrics(tmp_path, name, seed, pixel_accuracy=0.1 * seed + 0.3, mean_iu=0.1)
        for name in ("coarse", "fine")
        for seed in range(3)
    ]
    assert build(tmp_path, runs) == build(tmp_path, runs[::-1])


def test_results_are_the_tables_one_after_the_other(tmp_path):
    csv, _ = build(tmp_path, [write_metrics(tmp_path, "fine", 0, pixel_accuracy=0.9, mean_iu=0.1)])
    path = tmp_path / "tables/skips.csv"
    join_tables([path, path], tmp_path / "results.csv")
    head, *lines = csv.splitlines()
    assert (tmp_path / "results.csv").read_text("utf-8").splitlines() == [head, *lines, *lines]


def written_scores(folder, *experiments):
    """What is written of these, by file."""
    outputs = [folder / f"scores/{name}.json" for name in experiments]
    write_scores(folder / "tables/skips.csv", experiments=experiments, outputs=outputs)
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("scores/*.json")}


def test_scores_are_the_measured_numbers_by_experiment(tmp_path):
    build(tmp_path, [write_metrics(tmp_path, "fine", 0, pixel_accuracy=0.9, mean_iu=0.1)])
    assert written_scores(tmp_path, "fine") == {"fine": {"pixel_accuracy": 90, "mean_iu": 10}}


def test_a_score_that_a_run_does_not_have_is_an_empty_cell(tmp_path):
    path = write_metrics(tmp_path, "fine", 0, pixel_accuracy=0.9)
    csv, _ = build(tmp_path, [path])
    assert "skips,FCN-8s,fine,semantic,mean_iu,,,,65.5,%" in measured_columns(csv)


def test_a_list_is_no_score(tmp_path):
    path = write_metrics(tmp_path, "fine", 0, pixel_accuracy=[0.9], mean_iu=0.5)
    with pytest.raises(InputError, match=r"fine/0\.json: semantic\.pixel_accuracy: expected one"):
        build(tmp_path, [path])
    assert not (tmp_path / "tables").exists()


TASKS = {
    "name": "two",
    "title": "Table 6",
    "columns": ["mean_iu", "geometric_pixel_accuracy", "foreground_mean_iu"],
    "images": "synthetic",
    "rows": [
        {"experiment": "both", "row": "Both", "paper": {"geometric_pixel_accuracy": 94.6}},
        {"experiment": "semantic", "row": "Semantic"},
        {"experiment": "geometric", "row": "Geometric"},
        {"experiment": "tighe", "row": "Tighe", "paper": {"geometric_pixel_accuracy": 90.8}},
    ],
}


def write_tasks(folder: Path, experiment: str, **tasks: dict[str, float]) -> Path:
    path = write_metrics(folder, experiment, 0)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"tasks": tasks}), "utf-8")
    return path


def task_runs(folder: Path) -> list[Path]:
    scored = {"pixel_accuracy": 0.8, "mean_iu": 0.4}
    return [
        write_tasks(
            folder, "both", semantic=scored, geometric={"pixel_accuracy": 0.9, "mean_iu": 0.7},
            foreground={"mean_iu": 0.6},
        ),
        write_tasks(folder, "semantic", semantic=scored | {"mean_iu": 0.41}),
        write_tasks(folder, "geometric", geometric={"pixel_accuracy": 0.88, "mean_iu": 0.6}),
    ]  # fmt: skip


def test_a_column_takes_its_number_from_its_task_and_is_empty_for_nets_without_it(tmp_path):
    csv, markdown = build(tmp_path, task_runs(tmp_path), TASKS)
    assert measured_columns(csv)[1:] == [
        "two,Both,both,semantic,mean_iu,40.0,,1,,%",
        "two,Both,both,geometric,pixel_accuracy,90.0,,1,94.6,%",
        "two,Both,both,foreground,mean_iu,60.0,,1,,%",
        "two,Semantic,semantic,semantic,mean_iu,41.0,,1,,%",
        "two,Semantic,semantic,geometric,pixel_accuracy,,,,,%",
        "two,Semantic,semantic,foreground,mean_iu,,,,,%",
        "two,Geometric,geometric,semantic,mean_iu,,,,,%",
        "two,Geometric,geometric,geometric,pixel_accuracy,88.0,,1,,%",
        "two,Geometric,geometric,foreground,mean_iu,,,,,%",
        "two,Tighe,tighe,semantic,mean_iu,,,,,%",
        "two,Tighe,tighe,geometric,pixel_accuracy,,,,90.8,%",
        "two,Tighe,tighe,foreground,mean_iu,,,,,%",
    ]
    assert "| Both | 40.0 | **90.0** | 94.6 | 60.0 |" in markdown
    assert "| Tighe |  |  | 90.8 |  |" in markdown


def test_scores_of_several_tasks_keep_their_task(tmp_path):
    build(tmp_path, task_runs(tmp_path), TASKS)
    assert written_scores(tmp_path, "both", "geometric") == {
        "both": {"mean_iu": 40, "geometric_pixel_accuracy": 90, "foreground_mean_iu": 60},
        "geometric": {"geometric_pixel_accuracy": 88},
    }


def test_what_only_the_server_can_score_is_noted_for_nets_and_is_no_number(tmp_path):
    table = SKIPS | {
        "columns": ["mean_iu", "voc2012_test_mean_iu"],
        "rows": [
            {"experiment": "fine", "row": "FCN-8s", "paper": {"voc2012_test_mean_iu": 67.2}},
            {"experiment": "sds", "row": "SDS", "paper": {"voc2012_test_mean_iu": 51.6}},
        ],
    }
    csv, markdown = build(tmp_path, [write_metrics(tmp_path, "fine", 0, mean_iu=0.5)], table)
    assert "skips,FCN-8s,fine,semantic,voc2012_test_mean_iu,,,,67.2,%" in measured_columns(csv)
    assert "| FCN-8s | 50.0 | server only | 67.2 |" in markdown
    assert "| SDS |  |  | 51.6 |" in markdown


def test_a_run_that_is_no_row_of_the_table_is_refused(tmp_path):
    path = write_metrics(tmp_path, "stranger", 0, pixel_accuracy=0.9, mean_iu=0.1)
    with pytest.raises(InputError, match="'stranger' is no row of skips; rows: fine, coarse"):
        build(tmp_path, [path])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"experiment": "fine"}'])
def test_a_broken_metrics_file_is_named(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"broken\.json: "):
        build(tmp_path, [path])


def test_a_score_that_one_run_lacks_has_no_mean(tmp_path):
    runs = [
        write_metrics(tmp_path, "fine", seed, pixel_accuracy=0.9, mean_iu=iu)
        for seed, iu in enumerate((0.5, None))
    ]
    build(tmp_path, runs)
    row = result_rows(read_results(tmp_path / "tables/skips.csv"))[1]
    assert (row.measured, row.std, row.seeds) == (None, None, None)


def test_the_table_agrees_with_the_counts_beside_the_metrics(tmp_path):
    dataset = write_dataset(tmp_path / "toy")
    write_net(tmp_path / "net.ts", blind=9)
    path = tmp_path / "fine/0.json"
    evaluate(
        tmp_path / "net.ts", dataset=dataset, split="test", metrics=path,
        counts=path.with_suffix(".npz"), device="cpu", run=RunMetadata(**run_metadata("fine", 0)),
        trust=True,
    )  # fmt: skip
    build(tmp_path, [path])
    with np.load(path.with_suffix(".npz")) as file:
        total = torch.from_numpy(file["semantic"]).sum(0)
    for row in result_rows(read_results(tmp_path / "tables/skips.csv"))[:2]:
        assert row.measured == pytest.approx(100 * scores.METRICS[row.metric](total))


def seeds_of(folder: Path, **scores: list[float]) -> list[Path]:
    return [
        write_metrics(folder, name, seed, pixel_accuracy=0.5, mean_iu=score)
        for name, each in scores.items()
        for seed, score in enumerate(each)
    ]


@pytest.mark.parametrize(
    ("coarse", "bold"), [([0.58, 0.59, 0.60], True), ([0.5, 0.51, 0.52], False)]
)
def test_scores_within_noise_of_the_best_are_marked_as_well(tmp_path, coarse, bold):
    runs = seeds_of(tmp_path, fine=[0.59, 0.6, 0.61], coarse=coarse)
    _, markdown = build(tmp_path, runs)
    assert "| **60.0 ± 1.0** | 65.5 |" in markdown
    assert (f"| **{100 * coarse[1]:.1f} ± 1.0** |" in markdown) == bold
    assert "Scores within 2 standard errors of the best are bold, too." in markdown


def test_one_run_each_has_one_best_and_no_note_on_noise(tmp_path):
    _, markdown = build(tmp_path, seeds_of(tmp_path, fine=[0.6], coarse=[0.599]))
    assert "**60.0**" in markdown and "| 59.9 |" in markdown and "standard err" not in markdown


def test_a_run_that_diverged_is_marked_named_and_never_the_best(tmp_path):
    fine, *others = seeds_of(tmp_path, fine=[0.6], coarse=[0.3, 0.4])
    content = json.loads(fine.read_text("utf-8"))
    fine.write_text(json.dumps(content | {"diverged_at": 120}), "utf-8")
    _, markdown = build(tmp_path, [fine, *others])
    assert "| FCN-8s | 50.0† | 91.2 | 60.0† | 65.5 |" in markdown
    assert "**35.0 ± 7.1**" in markdown
    assert "† FCN-8s: diverged at iteration 120 (seed 0), scored at its best snapshot" in markdown


def test_a_net_that_collapsed_is_marked_named_and_never_the_best(tmp_path):
    fine, *others = seeds_of(tmp_path, fine=[0.6], coarse=[0.3, 0.4])
    content = json.loads(fine.read_text("utf-8")) | {"parameters": 9}
    content["tasks"]["semantic"]["class_iu"] = [0.7, 0.0, None]
    fine.write_text(json.dumps(content), "utf-8")
    _, markdown = build(tmp_path, [fine, *others])
    assert "| FCN-8s | 50.0‡ | 91.2 | 60.0‡ | 65.5 |" in markdown
    assert "**35.0 ± 7.1**" in markdown
    assert "‡ FCN-8s: collapsed; it labels every pixel as one class (seed 0)." in markdown


SET = {
    "name": "set",
    "title": "Table 2",
    "columns": ["batch_size", "momentum", "learning_rate", "training_s", "training_loss"],
    "images": "synthetic",
    "rows": [
        {"experiment": "heavy", "row": "Heavy", "paper": {"momentum": 0.99, "batch_size": 1}},
        {"experiment": "tested", "row": "Tested"},
        {"experiment": "released", "row": "Released"},
    ],
}


def test_what_a_recipe_sets_is_labelled_as_set_and_has_no_spread(tmp_path):
    recipe = {"batch_size": 20, "momentum": 0.9, "learning_rate": 2e-9}
    took = {"training_s": 1234.4, "training_loss": 0.25}
    runs = [write_metrics(tmp_path, "heavy", seed, costs=took) for seed in (0, 1)]
    runs += [write_metrics(tmp_path, name, 0) for name in ("tested", "released")]
    settings = {"heavy": recipe, "tested": recipe}
    for path in runs:
        content = json.loads(path.read_text("utf-8"))
        content["settings"] = settings.get(path.parent.name, {})
        content["trained_on"] = {"device": "gpu: Another Machine", "threads": 2}
        path.write_text(json.dumps(content), "utf-8")
    csv, markdown = build(tmp_path, runs, SET)
    assert markdown.splitlines()[2:7] == [
        "|  | batch size (images), set | paper | momentum, set | paper | learning rate, set | "
        "training time (s), demo | loss at the end of training (per pixel), demo |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: |",
        "| Heavy | 20 | 1 | 0.9 | 0.99 | 2e-09 | 1,234.4 ± 0.0 | 0.250 ± 0.000 |",
        "| Tested | 20 |  | 0.9 |  | 2e-09 |  |  |",
        "| Released |  |  |  |  |  |  |  |",
    ]
    assert "set,Heavy,heavy,,learning_rate,2e-09,,2,," in measured_columns(csv)
    assert "Timed on gpu: Another Machine (2 threads), while" in markdown
    assert "**" not in markdown.replace("**Table 2**", "")


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((0.02, 0.478), "(1 thread); other work used up to 48 % of its processors."),
        ((0.02, None), "(1 thread), while other jobs may have run beside."),
    ],
)
def test_what_ran_beside_is_said_where_it_was_measured(tmp_path, shares, said):
    paths = []
    for name, share in zip(("heavy", "tested"), shares, strict=True):
        paths.append(write_metrics(tmp_path, name, 0, costs={"forward_ms": 3.0}))
        content = json.loads(paths[-1].read_text("utf-8"))
        content["beside"] = {} if share is None else {"ms": share}
        paths[-1].write_text(json.dumps(content), "utf-8")
    _, markdown = build(
        tmp_path, paths, {**SET, "columns": ["forward_ms"], "rows": SET["rows"][:2]}
    )
    assert f"Timed on cpu: A Machine {said}" in markdown


COSTS = {
    "name": "cost",
    "title": "Table 1",
    "columns": ["mean_iu", "forward_ms", "parameters", "receptive_field"],
    "images": "synthetic",
    "rows": [
        {"experiment": "small", "row": "Small", "paper": {"parameters": 57e6, "forward_ms": 16.0}},
        {"experiment": "big", "row": "Big", "paper": {"receptive_field": 907.0}},
    ],
}


def cost_runs(folder: Path) -> list[Path]:
    small = {"forward_ms": 5.14, "parameters": 56_954_261, "receptive_field": 355}
    big = {"forward_ms": 20.0, "parameters": 134_346_581, "receptive_field": 715}
    return [
        write_metrics(folder, "small", 0, mean_iu=0.4, costs=small),
        write_metrics(folder, "small", 1, mean_iu=0.4, costs=small | {"forward_ms": 5.12}),
        write_metrics(folder, "big", 0, mean_iu=0.5, costs=big),
    ]


@pytest.mark.parametrize("rate", [1e-12, 2.5e-11, 1e-10, 0.1])
def test_a_rate_is_shown_as_it_was_set_however_small(tmp_path, rate):
    runs = [write_mean_iu(tmp_path, "heavy", 50.0, seed=i, learning_rate=rate) for i in range(3)]
    csv, markdown = build(tmp_path, runs, {**SET, "columns": ["learning_rate"]})
    assert f",learning_rate,{rate!r},,3," in csv and f"| {rate:g} |" in markdown


def test_what_is_no_score_is_a_line_with_its_unit_and_no_task(tmp_path):
    csv, _ = build(tmp_path, cost_runs(tmp_path), COSTS)
    spread = result_rows(read_results(tmp_path / "tables/skips.csv"))[1].std
    assert spread == pytest.approx(0.02 / 2**0.5, abs=1e-9)
    assert measured_columns(csv)[1:] == [
        "cost,Small,small,semantic,mean_iu,40.0,0.0,2,,%",
        f"cost,Small,small,,forward_ms,5.13,{spread},2,16.0,ms",
        "cost,Small,small,,parameters,56954261.0,,2,57000000.0,parameters",
        "cost,Small,small,,receptive_field,355.0,,2,,px",
        "cost,Big,big,semantic,mean_iu,50.0,,1,,%",
        "cost,Big,big,,forward_ms,20.0,,1,,ms",
        "cost,Big,big,,parameters,134346581.0,,1,,parameters",
        "cost,Big,big,,receptive_field,715.0,,1,907.0,px",
    ]


def test_of_times_and_of_sizes_there_is_no_best(tmp_path):
    _, markdown = build(tmp_path, cost_runs(tmp_path), COSTS)
    assert markdown.splitlines()[2:6] == [
        "|  | mean IU, demo | forward time (ms), demo | paper | parameters, derived | paper "
        "| rf size (px), derived | paper |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: |",
        "| Small | 40.0 ± 0.0 | 5.1 ± 0.0 | 16.0 | 57M | 57M | 355 |  |",
        "| Big | **50.0** | 20.0 |  | 134M |  | 715 | 907 |",
    ]
    assert "Timed on cpu: A Machine (1 thread), while other jobs may have run" in markdown


def test_rows_that_do_not_compete_have_no_best(tmp_path):
    _, markdown = build(tmp_path, cost_runs(tmp_path), COSTS | {"highlight_best": False})
    assert "| Small | 40.0 ± 0.0 | 5.1 ± 0.0 | 16.0 |" in markdown
    assert "**5" not in markdown


def test_only_scores_are_compared_between_versions(tmp_path):
    build(tmp_path, cost_runs(tmp_path), COSTS)
    assert written_scores(tmp_path, "small", "big") == {
        "small": {"mean_iu": 40},
        "big": {"mean_iu": 50},
    }


def test_scores_of_a_row_that_is_no_more_are_removed(tmp_path):
    build(tmp_path, cost_runs(tmp_path), COSTS)
    written_scores(tmp_path, "small", "big")
    assert written_scores(tmp_path, "small").keys() == {"small"}


def test_a_cost_that_was_not_measured_is_empty(tmp_path):
    path = write_metrics(tmp_path, "small", 0, mean_iu=0.4)
    csv, _ = build(tmp_path, [path], COSTS)
    assert "cost,Small,small,,receptive_field,,,,,px" in measured_columns(csv)


def test_an_unknown_cost_is_refused(tmp_path):
    path = write_metrics(tmp_path, "small", 0, mean_iu=0.4, costs={"forward": 3})
    with pytest.raises(InputError, match=r"small/0\.json: costs\.forward"):
        build(tmp_path, [path], COSTS)


def test_rows_know_their_images_section_and_recorded_commits(tmp_path):
    runs = [write_metrics(tmp_path, "fine", seed, mean_iu=0.5) for seed in (1, 0)]
    content = json.loads(runs[0].read_text("utf-8"))
    content["provenance"]["commit"] = "f" * 40
    runs[0].write_text(json.dumps(content), "utf-8")
    build(tmp_path, runs, SKIPS | {"images": "none", "section": ""}, scale="paper")
    fine, sds = result_rows(read_results(tmp_path / "tables/skips.csv"))[1::4]
    assert fine.commit == f"0123456789abcdef0123456789abcdef01234567 {'f' * 40}"
    assert (fine.scale, fine.images, fine.section) == ("paper", "", "")
    assert (sds.experiment, sds.commit) == ("sds", "")


def test_latex_has_the_best_in_bold_and_every_value_escaped(tmp_path):
    first, *others = SKIPS["rows"]
    table = SKIPS | {
        "title": "Table 3: 100% of {it} & more",
        "note": "Ask `fcn submit a_b`.",
        "rows": [first | {"row": "FCN_8s \\ #1"}, *others],
    }
    runs = seeds_of(tmp_path, fine=[0.59, 0.6, 0.61], coarse=[0.5])
    build(tmp_path, runs, table)
    latex = (tmp_path / "tables/skips.tex").read_text("utf-8")
    assert r"\caption{Table 3: 100\% of \{it\} \& more}" in latex
    assert r"FCN\_8s \textbackslash{} \#1 & " in latex
    assert r"& \textbf{60.0 $\pm$ 1.0} & 65.5 \\" in latex and r"FCN-32s & " in latex
    assert r"Ask \texttt{fcn submit a\_b}." in latex
    for command in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}{lrrrr}"):
        assert latex.count(command) == 1


def test_no_name_is_markup_to_markdown_or_latex(tmp_path):
    name = r"[*] <b>|`a`_b_ $x$ &lt; \input{x}"
    table = SKIPS | {"title": name, "note": f"{name} `fcn a_b`", "rows": [SKIPS["rows"][0]]}
    table["rows"][0] = table["rows"][0] | {"row": name}
    _, markdown = build(tmp_path, seeds_of(tmp_path, fine=[0.6]), table)
    plain = r"\[\*\] \<b\>\|\`a\`\_b\_ \$x\$ \&lt; \\input{x}"
    assert markdown.startswith(f"**{plain}**\n") and f"\n| {plain} | 50.0 |" in markdown
    assert "`fcn a_b`" in markdown
    latex = (tmp_path / "tables/skips.tex").read_text("utf-8")
    assert r"{[}{*}] \textless{}b\textgreater{}" in latex and r"\textbackslash{}input\{x\}" in latex
    assert "\n[" not in latex and r"\input" not in latex


def test_a_table_of_synthetic_scenes_says_so_without_published_numbers_too(tmp_path):
    table = SKIPS | {"rows": [{"experiment": "fine", "row": "FCN-8s"}]}
    _, markdown = build(tmp_path, seeds_of(tmp_path, fine=[0.6]), table)
    assert "synthetic scenes" in markdown
    assert "synthetic scenes" in (tmp_path / "tables/skips.tex").read_text("utf-8")


def test_a_row_whose_net_was_not_available_says_so_and_why(tmp_path):
    runs = [write_unavailable(tmp_path, "coarse"), write_metrics(tmp_path, "fine", 0, mean_iu=0.5)]
    csv, markdown = build(tmp_path, runs)
    assert "| FCN-32s | not available |  | not available | 63.6 |" in markdown
    assert f"FCN-32s: {WHY}" in markdown
    assert "skips,FCN-32s,coarse,semantic,mean_iu,,,,63.6,%" in measured_columns(csv)
    assert "**" not in markdown.replace("**Table 3**", "")  # one score alone is no best


def test_a_row_of_another_file_than_the_released_one_says_so(tmp_path):
    path = write_metrics(tmp_path, "fine", 0, mean_iu=0.5)
    content = json.loads(path.read_text("utf-8"))
    content["weights"] = {"file": "net.pth", "sha256": "a"}
    path.write_text(json.dumps(content), "utf-8")
    for file, said in (("net.caffemodel", True), ("net.pth", False), ("", False)):
        first = SKIPS["rows"][0] | {"released": file}
        _, markdown = build(tmp_path, [path], SKIPS | {"rows": [first, *SKIPS["rows"][1:]]})
        sentence = "FCN-8s: of net.pth, in the place of net.caffemodel, which was not available."
        assert (sentence in markdown) is said
