"""Whether nets of a table differ beyond chance, as the page has it."""

import re

import numpy as np
import pytest
from fixtures.counts import counted
from fixtures.page import NET_TABLE, run_metadata
from fixtures.results import result

from fcnlib.evaluation.metrics import mean_iu
from fcnlib.evaluation.record import Record
from fcnlib.report.page.chance import chance_table
from fcnlib.report.page.net_counts import counts_of_nets
from fcnlib.report.results import results_frame
from fcnlib.report.specs import TableSpec


class Run:
    """Nets of a table, by name, and their counts of each seed."""

    def __init__(self, folder, nets, *, prefixes=None, columns=("mean_iu", "forward_ms")):
        self.runs, self.rows = {}, []
        for name, seeds in nets.items():
            scores = []
            for seed, counts in enumerate(seeds):
                path = folder / name / f"{seed}.json"
                path.parent.mkdir(exist_ok=True)
                ids = [f"{(prefixes or {}).get(name, 'img')}_{i}" for i in range(len(counts))]
                np.savez(path.with_suffix(".npz"), ids=np.array(ids), semantic=counts)
                fields = run_metadata(name, seed) | {"dataset": "toy", "images": len(counts)}
                record = Record(**fields, tasks={"semantic": {}})
                self.runs.setdefault(name, []).append((path, record))
                scores.append(100 * mean_iu(counts.sum(0)))
            std = float(np.std(scores, ddof=1)) if len(scores) > 1 else None
            score = result("nets", name, float(np.mean(scores)), None, std=std, seeds=len(scores))
            self.rows += [score, score._replace(task="", metric="forward_ms", unit="ms")]
        self.spec = TableSpec.model_validate(
            {
                **NET_TABLE,
                "columns": columns,
                "rows": [{"experiment": name, "row": f"{name} </script>"} for name in nets],
            }
        )

    def table(self):
        counts = counts_of_nets(self.runs)
        return chance_table(self.spec, results_frame(self.rows), self.runs, counts, {})


@pytest.fixture
def three(tmp_path):
    nets = {"low": [counted(60)], "high": [counted(90)], "near": [counted(89, spread=9)]}
    return Run(tmp_path, nets).table()


def test_each_net_stands_against_the_best_one_with_what_is_beyond_chance(three):
    assert (three.best, three.by) == ("high </script>", "mean IU")
    (low, [far]), (near, [close]) = three.rows
    assert (low, near) == ("low </script>", "near </script>")
    assert far.beyond and re.fullmatch(r"\N{MINUS SIGN}\d\d\.\d", far.difference)
    low_end, high_end = (float(x.replace("\N{MINUS SIGN}", "-")) for x in far.images.split(" to "))
    assert low_end < float(far.difference.replace("\N{MINUS SIGN}", "-")) < high_end < 0
    assert not close.beyond or abs(float(close.difference[1:])) < 5
    assert far.training == "" and not three.several_runs


def test_a_script_gets_every_pair(three):
    data = three.data
    assert data["nets"][0] == ["low", "low </script>", 1]
    assert data["chosen"] == ["high", "near"] and data["columns"] == ["mean IU"]
    assert data["classes"] == ["class 0", "class 1"] and len(data["pairs"]) == 3
    [[difference, low, high]], training, gains = data["pairs"][0]
    assert low < difference < high < 0 and training == [None]
    assert len(gains) == 2 and all(gain[2] < 0 for gain in gains)


def test_differences_are_those_of_the_displayed_scores(tmp_path):
    run = Run(tmp_path, {"one": [counted(80)], "two": [counted(70)]})
    run.rows[0] = run.rows[0]._replace(measured=66.66)  # 66.7
    run.rows[2] = run.rows[2]._replace(measured=54.44)  # 54.4
    assert run.table().rows[0][1][0].difference == "\N{MINUS SIGN}12.3"


def test_seeds_have_their_own_spread_beside_that_of_the_images(tmp_path):
    nets = {"one": [counted(80), counted(82)], "two": [counted(70), counted(73)]}
    table = Run(tmp_path, nets).table()
    assert table.several_runs and re.fullmatch(r"± \d\.\d", table.rows[0][1][0].training)
    error, is_decided = table.data["pairs"][0][1][0]
    assert error > 0 and is_decided == 1


def test_nets_of_other_images_or_classes_have_no_interval(tmp_path):
    nets = {"one": [counted(80)], "two": [counted(70)], "three": [counted(60, classes=3)]}
    table = Run(tmp_path, nets, prefixes={"two": "other"}).table()
    assert [cells for _, cells in table.rows] == [[None], [None]]
    assert table.data["pairs"] == [[[None], [None], None]] * 3


def test_fewer_than_two_nets_with_counts_have_nothing_to_compare(tmp_path):
    assert Run(tmp_path, {"one": [counted(80)]}).table() is None
    run = Run(tmp_path, {"two": [counted(80)], "three": [counted(70)]}, columns=("forward_ms",))
    assert run.table() is None
    run = Run(tmp_path, {"four": [counted(80)], "five": [counted(70)]})
    (path, _), *_ = run.runs["five"]
    path.with_suffix(".npz").unlink()
    assert run.table() is None
