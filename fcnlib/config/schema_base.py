"""What all models of the configuration share: strict types, and a base that knows its keys."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

LARGEST = 2**31 - 1  # of a size or a count: sums and products of a few still fit an int64
LARGEST_SEED = 2**63 - 1

# Strict: text must not pass for a number, nor `true` for 1.
Int = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Positive = Annotated[int, Field(strict=True, gt=0, le=LARGEST)]
Byte = Annotated[int, Field(strict=True, ge=0, le=255)]
Colour = tuple[Byte, Byte, Byte]  # RGB
Size = tuple[Positive, Positive]  # height and width in pixels
NotNegative = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Float = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


def _name(text: str) -> str:
    if not re.fullmatch("[A-Za-z0-9_-]{1,100}", text):
        raise ValueError("expected a name of letters, digits, - and _, at most 100")
    return text


# Names become files and patterns.
Name = Annotated[str, AfterValidator(_name)]
# Text ends up in cells, pages, pictures and messages, so it must hold nothing that a terminal or a
# viewer obeys: control characters, line separators, marks of direction, and halves of characters.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("expected one line")
    if found := CONTROL.search(text):
        raise ValueError(f"expected no control character, such as {found[0]!r}")
    return text


# Names that people read become cells of tables.
Line = Annotated[str, AfterValidator(_one_line)]


def _from_digits(value: Any) -> Any:
    """The number, also of a text of digits, as in `--config seeds=[0,1]`; all else as it is."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,19}", value) else value


Seed = Annotated[int, Field(strict=True, ge=0, le=LARGEST_SEED), BeforeValidator(_from_digits)]


def split(value: Any) -> Any:
    """The names of a text, as in `--config rows=voc-fcn16s,voc-fcn8s`; all else as it is."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


Chosen = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(split)]  # to run


def suggestion(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant; all of them where none is like it."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.75)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    renamed: ClassVar[Mapping[str, str]] = {}  # keys of earlier versions, and today's

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, values: Any) -> Any:
        known = cls.model_fields
        if isinstance(values, Mapping) and (unknown := values.keys() - known.keys()):
            name = min(map(str, unknown))
            if name in cls.renamed:
                raise ValueError(f"unknown key {name!r}; it is now {cls.renamed[name]}")
            raise ValueError(f"unknown key {name!r}; {suggestion(name, known)}")
        return values


Preset = Literal["demo", "paper"]
Archives = Literal["synthetic", "published"]
# Whose images a number or a net is of; `rehearsal`: it is no result, whosever they are.
Origin = Literal["published", "synthetic", "own", "rehearsal"]
