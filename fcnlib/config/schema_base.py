"""What all models of the configuration share: strict types, and a base that knows its keys."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

# Strict: text must not pass for a number, nor `true` for 1.
Int = Annotated[int, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0)]
Float = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
# Names become files and patterns.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("expected one line")
    return text


# Names that people read become cells of tables.
Line = Annotated[str, AfterValidator(_one_line)]


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
