"""Every column that a table can have."""

from typing import get_args

import pytest

from fcnlib.config.columns import (
    COLUMNS,
    RESULT_KEYS,
    RULES,
    Bound,
    ColumnName,
    Metric,
    Setting,
    TestServerMetric,
)
from fcnlib.config.schema_nets import Recipe
from fcnlib.evaluation import metrics as scores


def test_every_column_is_described_and_no_two_are_of_one_number():
    assert list(COLUMNS) == list(get_args(ColumnName))
    percent = {name for name, column in COLUMNS.items() if column.unit == "%"}
    assert percent == {*get_args(Metric), *get_args(Bound), *get_args(TestServerMetric)}
    assert RULES.keys() == set(get_args(Bound)) and len(set(RULES.values())) == len(RULES)
    chosen = {name for name, column in COLUMNS.items() if column.known == "set"}
    assert chosen == set(get_args(Setting)) and chosen <= Recipe.model_fields.keys()
    assert {name for name, column in COLUMNS.items() if column.server} == set(
        get_args(TestServerMetric)
    )
    assert len(set(RESULT_KEYS.values())) == len(COLUMNS)
    assert scores.METRICS.keys() <= percent


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("mean_iu", None, ""),
        ("mean_iu", 59.96, "60.0"),
        ("forward_ms", 1234.56, "1,234.6"),
        ("parameters", 134_346_581.0, "134M"),
        ("receptive_field", 404.0, "404"),
        ("max_difference", 4.04e-7, "4.0e-07"),
    ],
)
def test_numbers_as_people_read_them(column, value, expected):
    assert COLUMNS[column].text(value) == expected
