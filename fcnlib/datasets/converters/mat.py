"""Fields of .mat files of version 5; a bad file is an InputError that names it."""

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnlib.core.errors import InputError, first_line
from fcnlib.core.reading import open_regular
from fcnlib.datasets.images import VOID
from fcnlib.datasets.mat5 import read_mat

LARGEST = 1 << 26  # bytes that are read of a file of lists or of labels
_VERSION_7_3 = "a .mat file of version 7.3 (HDF5), expected version 5"
_KINDS = {"U": "text", "S": "text", "O": "a cell", "V": "a struct", "c": "complex", "b": "logical"}


def mat_values(
    data: bytes, origin: str, name: str, pick: Callable[[dict[str, Any]], Any]
) -> NDArray[Any]:
    """The array that `pick` takes from a .mat file's variables; messages call it `name`."""
    try:
        return np.asarray(pick(_load(data)))
    except NotImplementedError:
        raise InputError(f"{origin}: {_VERSION_7_3}") from None
    except KeyError as error:
        raise InputError(f"{origin}: no field {error.args[0]!r} in it") from None
    except Exception as error:  # errors on damaged files have no common class
        raise InputError(f"{origin}: no readable {name} in it ({first_line(error)})") from None


def mat_codes(
    data: bytes,
    origin: str,
    name: str,
    allowed: Collection[int],
    pick: Callable[[dict[str, Any]], Any] | None = None,
) -> NDArray[Any]:
    """The codes [H, W] of a .mat file's field, checked before a cast could wrap them."""
    codes = mat_values(data, origin, name, pick or itemgetter(name))
    if codes.ndim != 2 or codes.dtype.kind not in "biuf":
        found = f"{codes.dtype} of shape {codes.shape}"
        raise InputError(f"{origin}: {name} is {found}, expected numbers [H, W]")
    wrong = ~np.isin(codes, list(allowed))
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        raise InputError(
            f"{origin}: {name}: value {codes[row, column]} at row {row}, column {column}; "
            f"expected {min(allowed)}..{max(allowed)}"
        )
    return codes


def mat_label(
    data: bytes, origin: str, name: str, *, classes: int, void: Sequence[int] = (0,)
) -> NDArray[np.uint8]:
    """The class indices [H, W] of a .mat file's field; void is 255.

    Args:
        data: Content of the file.
        origin: What messages call the file.
        name: Name of the field.
        classes: Number of classes; code 1 is the first.
        void: Codes of pixels without a class.
    """
    codes = mat_codes(data, origin, name, (*void, *range(1, classes + 1)))
    return np.where(codes > 0, codes.astype(np.int64) - 1, VOID).astype(np.uint8)


def load_mat(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """These fields of a .mat file."""
    with open_regular(path) as file:
        data = file.read(LARGEST)
    try:
        content = _load(data, names)
    except NotImplementedError:
        raise InputError(f"{path}: {_VERSION_7_3}") from None
    except OSError:
        raise InputError(f"{path}: damaged") from None
    except Exception as error:  # as above
        raise InputError(f"{path}: not a .mat file of version 5 ({first_line(error)})") from None
    for name in names:
        if name not in content:
            raise InputError(f"{path}: no field {name!r} in it")
    return {name: np.asarray(content[name]) for name in names}


def checked_integers(values: NDArray[Any], origin: str, last: int) -> NDArray[np.int64]:
    """A field's values [N]; an error unless they are integers from 1 to `last`."""
    expected = f"expected integers from 1 to {last}"
    if values.dtype.kind not in "uif":
        kind = _KINDS.get(values.dtype.kind, str(values.dtype))
        raise InputError(f"{origin}: {kind}, {expected}")
    flat = values.reshape(-1)
    if not flat.size:
        raise InputError(f"{origin}: empty, {expected}")
    wrong = flat[~((flat >= 1) & (flat <= last) & (flat == np.trunc(flat)))]
    if wrong.size:
        raise InputError(f"{origin}: {wrong[0]}, {expected}")
    return flat.astype(np.int64)


def _load(data: bytes, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    if data[124:128] in (b"\x00\x02IM", b"\x02\x00MI"):
        raise NotImplementedError
    return read_mat(data, names)
