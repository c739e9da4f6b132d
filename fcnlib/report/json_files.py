"""JSON files that hold one model."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fcnlib.core.errors import InputError
from fcnlib.core.printing import short
from fcnlib.core.reading import read_bytes

M = TypeVar("M", bound=BaseModel)


def read_json(path: Path, model: type[M], expected: str) -> M:
    """A file's content as a model; an InputError of one line says what was expected."""
    try:
        return model.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = short(".".join(map(str, first["loc"]))) or "file"
        raise InputError(f"{path}: {place}: {short(first['msg'])}; expected {expected}") from None
