"""Learning curves: read as they were written, refused with the line where they were cut."""

from pathlib import Path

import pytest

from fcnlib.core.errors import InputError
from fcnlib.report.curve_points import points

CURVE = "iteration,images,loss,mean_iu\n10,20,3.5,\n20,40,nan,0.5\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "0.csv"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_points_are_where_a_column_has_values(path: Path, mark: str, end: str) -> None:
    path.write_bytes((mark + CURVE.replace("\n", end)).encode())
    assert points(path, "mean_iu") == [(20, 0.5)]
    assert points(path, "mean_iu", "images") == [(40, 0.5)]
    (_, first), (_, diverged) = points(path, "loss")
    assert first == 3.5 and diverged != diverged


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no column iteration, mean_iu"),
        (b"iteration;images;loss;mean_iu\n", "no column iteration, mean_iu"),
        (CURVE.encode("utf-16"), "expected a learning curve as CSV: "),
        (b"iteration,mean_iu\n" + b"1" * 200_000 + b",1\n", "expected a learning curve as CSV: "),
        (CURVE.encode()[:-9], "line 3: 2 cells; expected 4"),
        (CURVE.encode() + b"30,60,1.0,0.5,9\n", "line 4: 5 cells; expected 4"),
        (CURVE.encode().replace(b"0.5", b"much"), "line 3: mean_iu: could not convert .* 'much'"),
        (CURVE.encode().replace(b"20,40", b",40"), "line 3: mean_iu: could not convert"),
    ],
)
def test_what_is_no_curve_is_named(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"0\.csv: {problem}") as error:
        points(path, "mean_iu")
    assert "\n" not in str(error.value)
