"""The numbers of the paper, typed a second time from it, against those of config.yaml."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fcnlib.config.load import load_config
from fcnlib.config.schema import Config

# Places are as the paper numbers them, as in the titles of tables; values in the columns' units.
NUMBERS = Path(__file__).with_name("published_numbers.csv")


class Number(NamedTuple):
    place: str
    row: str
    column: str
    value: float


@pytest.fixture(params=["demo", "paper"])
def config(request: pytest.FixtureRequest, raw_config: dict[str, Any]) -> Config:
    return load_config(raw_config | {"scale": request.param})


def typed() -> list[Number]:
    with NUMBERS.open(newline="") as file:
        return [Number(**line | {"value": float(line["value"])}) for line in csv.DictReader(file)]


def listed(config: Config) -> Mapping[tuple[str, str, str], set[float]]:
    """The published numbers of config.yaml, by the place that a table's title names."""
    found: dict[tuple[str, str, str], set[float]] = {}
    for entry in config.experiments.values():
        for table in entry.tables:
            place, row = (
                config.tables[table].title.partition(":")[0],
                entry.rows.get(table, entry.row),
            )
            for column in set(entry.paper) & set(config.tables[table].columns):
                found.setdefault((place, row, column), set()).add(entry.paper[column])
    return found


def test_every_number_of_the_papers_tables_has_its_place_in_a_table(config: Config) -> None:
    found = listed(config)
    assert len(typed()) > 100
    assert {n: found.get(n[:3]) for n in typed()} == {n: {n.value} for n in typed()}


def test_no_number_passes_for_the_papers_that_is_not(config: Config) -> None:
    known = {(number.column, number.value) for number in typed()}
    listed_here = {
        (column, value)
        for entry in config.experiments.values()
        for column, value in entry.paper.items()
    }
    assert listed_here <= known
