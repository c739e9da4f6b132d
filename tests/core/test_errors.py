"""Bad files of a batch, each by itself."""

import errno
from pathlib import Path

import pytest

from fcnlib.core.errors import InputError, attempt


def refuse(item: int) -> int:
    if item == 2:
        raise InputError("2: expected another")
    return item


def test_an_error_is_a_result() -> None:
    results = [attempt(refuse, item) for item in (1, 2, 3)]
    assert results[::2] == [1, 3]
    assert isinstance(results[1], InputError) and str(results[1]) == "2: expected another"


def test_a_file_of_a_name_too_long_is_one() -> None:
    path = Path("n" * 300)
    assert str(attempt(Path.read_bytes, path)) == f"{path}: File name too long"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_file_ends_all(number: int) -> None:
    def write(path: Path) -> None:
        raise OSError(number, "no file can be written", str(path))

    with pytest.raises(OSError, match="no file can be written"):
        attempt(write, Path("a.png"))
