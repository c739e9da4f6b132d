"""The tidy frame: written, read back, joined."""

import csv
import io

import pytest
from fixtures.results import result, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from fcnlib.core.errors import InputError
from fcnlib.report.results import (
    ResultRow,
    join_tables,
    read_results,
    result_rows,
    results_frame,
    write_results,
)

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"))
seeds = st.none() | st.integers(1, 2**31)
spreads = st.none() | st.floats(0, allow_infinity=False)
rows = st.builds(ResultRow, *[text] * 5, numbers, spreads, seeds, numbers, *[text] * 5)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows))
def test_rows_read_back_exactly(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("rows") / "results.csv"
    write_results(path, results_frame(written))
    assert result_rows(read_results(path)) == written


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", "", "1.0", "007", " x "])
def test_a_name_is_text_whatever_it_looks_like(tmp_path, name):
    row = result("t", name, 1.0, None)
    write_rows(tmp_path / "results.csv", [row])
    assert result_rows(read_results(tmp_path / "results.csv")) == [row]


def test_the_columns_are_those_of_old_and_what_the_numbers_are_of_behind_them(tmp_path):
    write_rows(tmp_path / "results.csv", [])
    assert (tmp_path / "results.csv").read_text("utf-8") == (
        "table,row,experiment,task,metric,measured,std,seeds,paper,unit,scale,images,section,commit\n"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "expected the columns table,row,experiment"),
        ("table,row\n", "expected the columns table,row,experiment"),
        ('HEAD\nt,"r', "expected CSV: "),
        (
            "HEAD\n" + "t,r,e,,m,much,,,,%,,,,\n",
            "line 2: measured: 'much'; expected a finite number",
        ),
        ("HEAD\n" + 'a,r,e,,m,"2,05",,,,%,,,,\n', "line 2: measured: '2,05'; expected a finite"),
        ("HEAD\n" + "t,r,e,,m,inf,,,,%,,,,\n", "line 2: measured: 'inf'; expected a finite number"),
        ("HEAD\n" + "t,r,e,,m,1,,,nan,%,,,,\n", "line 2: paper: 'nan'; expected a finite number"),
        ("HEAD\n" + "t,r,e,,m,1,-1,3,,%,,,,\n", "line 2: std: -1; expected 0 or more"),
        ("HEAD\n" + 13 * "," + "\n" + 14 * "," + "\n", "line 3: 15 cells; expected 14"),
        ("HEAD\n" + 13 * "," + "\nt,r,e\n", "line 3: 3 cells; expected 14"),
        ("HEAD\n" + "t,r,e,,m,1.0,,one,,%,,,,\n", "line 2: seeds: 'one'; expected a whole number"),
        ("HEAD\n" + "t,r,e,,m,1.0,1,-3,,%,,,,\n", "line 2: seeds: '-3'; expected a whole number"),
        (
            f"HEAD\nt,r,e,,m,1.0,,{'9' * 30},,%,,,,\n",
            "line 2: seeds: '999.*'; expected a whole number",
        ),
    ],
)
def test_what_is_no_results_csv_is_named(tmp_path, content, problem):
    path = tmp_path / "results.csv"
    path.write_text(content.replace("HEAD", ",".join(ResultRow._fields)), "utf-8")
    with pytest.raises(InputError, match=rf"results\.csv: {problem}") as error:
        read_results(path)
    assert "\n" not in str(error.value)


def test_a_spreadsheet_may_save_it_with_a_mark_and_other_line_ends(tmp_path):
    path = tmp_path / "results.csv"
    write_rows(path, [result("a", "x", 0.1, None), result("b", "x", 0.2, 0.3)])
    before = result_rows(read_results(path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert result_rows(read_results(path)) == before


def test_of_no_table_there_are_no_results(tmp_path):
    join_tables([], tmp_path / "results.csv")
    assert result_rows(read_results(tmp_path / "results.csv")) == []


def test_joined_tables_keep_every_digit_and_their_order(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    write_rows(one, [result("b", "x", 0.1 + 0.2, 1 / 3), result("b", "y", None, None)])
    write_rows(two, [result("a", "x", 5e-324, 1e300, seeds=3, std=0.1)])
    join_tables([one, two], tmp_path / "results.csv")
    found = result_rows(read_results(tmp_path / "results.csv"))
    assert [(row.table, row.measured, row.paper, row.seeds) for row in found] == [
        ("b", 0.1 + 0.2, 1 / 3, 1),
        ("b", None, None, 1),
        ("a", 5e-324, 1e300, 3),
    ]


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@sum(a1)",
    "\t=1",
    " =1",
    "'=1",
    "''=1",
    "\uff1d1",
    "=HYPERLINK(1)",
]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_text_is_a_formula_to_a_spreadsheet_and_each_reads_back(tmp_path, name):
    row = result("t", name, -1.0, None)
    write_rows(tmp_path / "results.csv", [row])
    (cells,) = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8"))))
    assert cells["row"] == f"'{name}" and cells["measured"] == "-1.0"
    assert result_rows(read_results(tmp_path / "results.csv")) == [row]
