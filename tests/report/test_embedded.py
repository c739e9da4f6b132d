"""Values in the scripts of Snakemake's report."""

import json
from pathlib import Path

import pytest

from fcnlib.core.errors import InputError
from fcnlib.report.embedded import EXPECTED, escape_values

TEXT = "</script><script>alert(1)</script><!--<script>\u2028 a < b; é"


def test_no_value_ends_its_script_and_each_stays_what_it_is(tmp_path: Path) -> None:
    path, value = tmp_path / "report.html", json.dumps({TEXT: [TEXT, 1]})
    code = "    var less = a < b;\n    <p>x</p>\n"
    path.write_text(f"    var x = {value};\n" * EXPECTED + code, "utf-8")
    escape_values(path)
    *lines, less, markup = path.read_text("utf-8").splitlines()
    assert not any("<" in line for line in lines)
    read = {line.removeprefix("    var x = ").removesuffix(";") for line in lines}
    assert [json.loads(each) for each in read] == [{TEXT: [TEXT, 1]}]
    assert f"{less}\n{markup}\n" == code


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<p>x</p>", "utf-8")
    with pytest.raises(InputError, match=r"report\.html: 0 values in it"):
        escape_values(tmp_path / "report.html")
