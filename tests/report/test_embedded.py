"""Values in the scripts of Snakemake's report."""

import json
from pathlib import Path

import pytest

from fcnlib.core.errors import InputError
from fcnlib.report.embedded import EXPECTED, escape_values, shorten_results

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


def result(params: str) -> dict[str, object]:
    job = {"rule": "r", "wildcards": "table=t", "params": params}
    return {"name": "x", "data_uri": "data:text/html;base64,PGI+", "job_properties": job}


def test_parameters_are_short_and_the_page_is_linked(tmp_path: Path) -> None:
    path, nested = tmp_path / "report.html", {"name": "t", "rows": [{"a": 1, "b": "c, d=e"}] * 9}
    found = {
        "results/demo/index.html": result(f"tables={[nested]}, scale=demo, code={'0' * 64}"),
        "results/demo/figures/a.svg": result(f"figure={nested}"),
        "results/demo/results.csv": result("experiments=['a', 'b'], code=1"),
    }
    library = "      var results = new Array(patch.length);"
    path.write_text(f"{library}\n    var results = {json.dumps(found)};\n</script>\n", "utf-8")
    shorten_results(path, page="index.html")
    start, line, end = path.read_text("utf-8").splitlines()
    assert (start, end) == (library, "</script>")
    page, chart, numbers = json.loads(line.strip().removeprefix("var results = ")[:-1]).values()
    assert page["job_properties"]["params"] == f"tables=[...], scale=demo, code={'0' * 64}"
    assert chart["job_properties"]["params"] == "figure={...}"
    assert numbers["job_properties"]["params"] == "experiments=['a', 'b'], code=1"
    assert page["data_uri"] == "index.html" and chart["data_uri"].startswith("data:")


@pytest.mark.parametrize("text", ["", "    var results = [];", '    var results = {"a": {}};'])
def test_results_of_another_kind_are_refused_and_left_as_they_are(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"report\.html: no results in it"):
        shorten_results(path, page="index.html")
    assert path.read_text("utf-8") == text
