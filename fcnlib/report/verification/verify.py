"""Every score, row and verdict of a finished run, derived again from what it stored."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fcnlib.core.errors import InputError
from fcnlib.core.progress import progress
from fcnlib.evaluation.record import Record
from fcnlib.report.aggregate import Runs
from fcnlib.report.claims import Reasons, all_verdicts, undeciding
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.results import (
    as_csv,
    joined,
    measured_scores,
    read_results,
    result_rows,
    results_frame,
)
from fcnlib.report.stored import StoredRun, StoredTable
from fcnlib.report.tables import built_table
from fcnlib.report.verification.differences import (
    Problem,
    csv_problems,
    json_problems,
    text_problems,
)
from fcnlib.report.verification.metrics import check_metrics

FEW = 5  # problems of a file, or files with the same one, from which on they are counted only


@dataclass
class Verification:
    """What was checked, and what does not fit."""

    problems: list[str] = field(default_factory=list)
    scores: int = 0  # that follow from counts
    without_counts: int = 0  # that no stored counts give
    nets: int = 0
    rows: int = 0
    verdicts: int = 0
    files: Counter[tuple[str, ...]] = field(default_factory=Counter)  # that have the same problem

    def add(self, problems: Iterable[Problem]) -> None:
        """Note the problems of a file: of many, the first few and how many there are."""
        found = [each for each in problems if not self._is_often(each)]
        self.problems += map(str, found[:FEW])
        if len(found) > FEW:
            self.problems.append(f"{found[FEW].file}: {len(found) - FEW} more values do not fit")

    def _is_often(self, problem: Problem) -> bool:
        """Whether enough other files had the same problem at the same place."""
        alike = problem[1:]
        self.files[alike] += bool(problem.place)
        return self.files[alike] > FEW

    def add_often(self) -> None:
        """Note how many more files had the same problem as some that are named."""
        for (place, found, expected), count in self.files.items():
            if count > FEW:
                more = f"{count - FEW} more files: {place}: {found}; expected {expected}"
                self.problems.append(more)

    def summary(self) -> str:
        """What was checked, in a line."""
        checked = (
            f"checked {self.scores:,} scores of {self.nets} nets, {self.rows:,} rows "
            f"and {self.verdicts} verdicts"
        )
        if self.without_counts:
            checked += f" ({self.without_counts} other scores have no counts, and count as stored)"
        wrong = len(self.problems)
        return f"{checked}: {f'{wrong} lines of what does not fit' if wrong else 'all fit'}"


def verify(run: StoredRun) -> Verification:
    """Derive all scores from the counts, all rows from these, and all verdicts from the rows.

    What cannot be derived is taken as it is stored: what was measured once, such as the times of
    runs, and what a training logged.
    """
    done = Verification()
    records = _verify_metrics(run, done)
    tables = [
        _verify_table(table, run.scale, records, done)
        for table in progress(run.tables, desc="tables", unit="table")
    ]
    results = joined(tables)
    done.rows = len(results)
    done.add(csv_problems(run.results, as_csv(results)))
    for name, scores in measured_scores(results, run.scores).items():
        done.add(json_problems(run.scores[name], scores))
    reasons = undeciding(records.values(), result_rows(results))
    _verify_claims(run, results, reasons, done)
    for info in run.figures:
        done.add(_figure(info))
    done.add(_others(run))
    done.add_often()
    return done


def _verify_metrics(run: StoredRun, done: Verification) -> dict[Path, Record]:
    """The records of all metrics files that can be read, with the scores of their counts."""
    records, nets = {}, set()
    for stored in progress(run.metrics, desc="counts", unit="file"):
        checked = check_metrics(stored)
        done.add(checked.problems)
        done.scores += checked.scores
        done.without_counts += checked.without_counts
        if checked.scores:
            nets.add(stored.experiment)
        if checked.record is not None:
            records[stored.path] = checked.record
    done.nets = len(nets)
    return records


def _verify_table(
    table: StoredTable, scale: str, records: Mapping[Path, Record], done: Verification
) -> pd.DataFrame:
    """The rows that a table should have; those that it has where metrics files are missing."""
    if lost := [path for path in table.metrics if path not in records]:
        done.add([Problem(table.csv, "", "cannot be derived", f"{lost[0]}, of its rows")])
        try:
            return read_results(table.csv)
        except (InputError, OSError):
            return results_frame(())
    try:
        built = built_table(table.spec, _by_experiment(table.metrics, records), scale)
    except InputError as error:  # its metrics files are of other runs
        done.add([Problem(table.csv, "", str(error), "the rows of the configuration")])
        return results_frame(())
    done.add(csv_problems(table.csv, as_csv(built.results)))
    done.add(text_problems(table.csv.with_suffix(".md"), built.markdown))
    done.add(text_problems(table.csv.with_suffix(".tex"), built.latex))
    return built.results


def _by_experiment(paths: Iterable[Path], records: Mapping[Path, Record]) -> Runs:
    runs: dict[str, list[tuple[Path, Record]]] = {}
    for path in paths:
        runs.setdefault(records[path].experiment, []).append((path, records[path]))
    return {name: sorted(found, key=lambda item: item[1].seed) for name, found in runs.items()}


def _verify_claims(
    run: StoredRun, results: pd.DataFrame, reasons: Reasons, done: Verification
) -> None:
    try:
        verdicts = all_verdicts(run.claims, result_rows(results), run.curves, reasons)
    except (InputError, OSError) as error:  # of a curve
        reason = " ".join(str(error).split())
        done.add([Problem(run.claims_file, "", "cannot be derived", reason)])
        return
    done.verdicts = len(verdicts)
    expected = [verdict.model_dump(mode="json") for verdict in verdicts]
    done.add(json_problems(run.claims_file, expected, by="id"))


def _figure(info: Path) -> list[Problem]:
    """Whether a picture and its description are there; what it shows is not plotted again."""
    try:
        image = info.with_name(read_figure_info(info).image)
    except InputError:
        found = "cannot be read" if info.is_file() else "missing"
        return [Problem(info, "", found, "a figure's description")]
    return [] if image.is_file() else [Problem(image, "", "missing", f"the picture of {info.name}")]


def _others(run: StoredRun) -> Iterator[Problem]:
    """Files that are not of this configuration, where results of two are mixed."""
    wanted = {stored.path for stored in run.metrics} | set(run.scores.values())
    wanted |= {stored.counts for stored in run.metrics if stored.counts}
    for table in run.tables:
        wanted |= {table.csv.with_suffix(suffix) for suffix in (".csv", ".md", ".tex")}
    for pattern in ("metrics/*/*", "tables/*", "scores/*"):
        for file in sorted(run.folder.glob(pattern)):
            if file not in wanted and not file.name.startswith("."):
                yield Problem(file, "", "", f"no such file: {run.configuration} has none")
