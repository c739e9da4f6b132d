"""The mark that a published file is at none of its addresses.

It stands under the name of the file, and of each file that would be made of it, so that whatever
does not need it goes on. All is written and read here; no reader of weights takes it for any.
"""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.core.reading import open_regular

START = b'{\n "unavailable": '  # as `write_json` writes it; no file of weights begins so
LARGEST_MARK = 1 << 16  # bytes
SUFFIX = ".unavailable"  # of the same mark, for people to find


class Answer(BaseModel):
    """What an address of a file answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    answer: str


class Unavailable(BaseModel):
    """A published file that no address has, what each of them answered, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unavailable: str  # the file's name: first, as START has it
    date: str
    answers: tuple[Answer, ...]
    # The file beside it that takes its place.
    fallback: str = Field("", pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$")

    @classmethod
    def now(cls, name: str, answers: tuple[Answer, ...]) -> "Unavailable":
        """The mark of a file that has just been asked for."""
        date = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(unavailable=name, date=date, answers=answers)

    def __str__(self) -> str:
        """In a line: the file, the day, and the answer of each address."""
        answers = "; ".join(f"{each.address} ({each.answer})" for each in self.answers)
        return f"{self.unavailable} was not available on {self.date[:10]}: {answers}"


def write_mark(path: Path, mark: Unavailable) -> None:
    """Write the mark in the place of a file."""
    write_json(path, mark.model_dump(mode="json"))


def read_mark(path: Path) -> Unavailable | None:
    """The mark in the place of a file; None where the file itself is there.

    Raises:
        InputError: There is no file, or a damaged mark.
    """
    if not is_mark(path):
        return None
    with open_regular(path) as file:
        content = file.read(LARGEST_MARK)
    try:
        return Unavailable.model_validate_json(content)
    except ValidationError:
        raise InputError(
            f"{path}: a damaged mark that a file is not available; remove it to download anew"
        ) from None


def replacement(path: Path, mark: Unavailable) -> Path | None:
    """The file that takes the place of a marked one, if one does.

    Raises:
        InputError: It is gone, or only a mark itself.
    """
    if not mark.fallback:
        return None
    other = path.with_name(mark.fallback)
    if not is_there(other):
        advice = f"fcn fetch --retry {path.name} --out {path.parent}"
        raise InputError(f"{other}: is not there, to take the place of {path.name}; try: {advice}")
    return other


def is_mark(path: Path) -> bool:
    """Whether a mark stands in the place of a file."""
    with open_regular(path) as file:
        return file.read(len(START)) == START


def is_there(path: Path) -> bool:
    """Whether there is a file, and not only the mark that it could not be had."""
    return path.exists() and not is_mark(path)


def mark_beside(path: Path) -> Path:
    """Where the mark of an archive lies for people to find."""
    return path.with_name(path.name + SUFFIX)


def remove_marks(folder: Path, names: list[str] | None = None) -> list[str]:
    """Remove the marks in a folder of archives, all or those of these files; their names."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one of archives")
    removed = []
    for path in (folder / name for name in dict.fromkeys(names or _marked(folder))):
        stands = path.is_file() and is_mark(path)
        if stands or mark_beside(path).exists():
            mark_beside(path).unlink(missing_ok=True)
            if stands:
                path.unlink()
            removed.append(path.name)
    return removed


def _marked(folder: Path) -> list[str]:
    """The names of the files that have either mark."""
    files = [path for path in folder.iterdir() if path.is_file()]
    marks = [path.name for path in files if path.name.endswith(SUFFIX) or is_mark(path)]
    return sorted({name.removesuffix(SUFFIX) for name in marks})
