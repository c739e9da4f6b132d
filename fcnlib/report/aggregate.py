"""The numbers of single runs as a frame, and their mean and spread over seeds."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fcnlib.config.columns import COLUMNS, ColumnName
from fcnlib.evaluation.record import Record, number

Runs = Mapping[str, Sequence[tuple[Path, Record]]]  # by experiment, in order of their seeds


def run_numbers(runs: Runs, columns: Iterable[ColumnName]) -> pd.DataFrame:
    """One row per run and column: experiment, column, seed, value (NaN where it has none)."""
    found = [
        (name, column, record.seed, number(path, record, column))
        for name, records in runs.items()
        for path, record in records
        for column in dict.fromkeys(columns)
    ]
    frame = pd.DataFrame(found, columns=["experiment", "column", "seed", "value"])
    return frame.astype({"experiment": "str", "column": "str", "value": "float64"})


def over_seeds(numbers: pd.DataFrame) -> pd.DataFrame:
    """Mean, sample standard deviation and count, by experiment and column.

    A number that one of the runs lacks has no mean; only what is measured has a spread.
    """
    runs = numbers.groupby(["experiment", "column"], sort=False)["value"]
    found = pd.DataFrame({"measured": runs.mean(), "std": runs.std(), "seeds": runs.count()})
    found = found[found["seeds"] == runs.size()]
    known = np.array([COLUMNS[x].known for x in found.index.get_level_values("column")])
    found["std"] = found["std"].where(known == "measured").map(_rounded)
    # A rate may be smaller than the last digit that a score is rounded to.
    exact = found["measured"].map(lambda value: float(f"{value:.10g}"))
    found["measured"] = found["measured"].map(_rounded).where(known != "set", exact)
    return found


def _rounded(value: float) -> float:
    return round(value, 10)  # 100 * 0.57 is 56.99999999999999


def mean_iu_percent(runs: Runs) -> dict[str, float]:
    """Mean IU in percent by experiment, the mean over the runs; only where each of them has one."""
    means = over_seeds(run_numbers(runs, ["mean_iu"]))["measured"].droplevel("column").dropna()
    return {str(name): float(mean) for name, mean in means.items()}
