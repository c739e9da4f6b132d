"""Class lists of other tools, in which a line is no class, so that every name is off by one."""

import re
from collections.abc import Sequence

from fcnlib.config.schema_base import CONTROL
from fcnlib.core.errors import InputError

_COLOUR = r"\d{1,3}\s*[,;\s]\s*\d{1,3}\s*[,;\s]\s*\d{1,3}"
_HEADING = r"(?:id|idx|index|(?:class(?:es)?|label|category)[_ ]?(?:id|name)?s?|names?|categories)"
WITH_COLOUR, COMMENT = "a name and a colour", "a comment"  # as in label maps
# What a line is that is no name: of labelme, CVAT, CamVid, YOLO, JSON, YAML.
_NO_NAMES = {
    r"__ignore__": "the pseudo class of labelme",
    r"(#|//).*": COMMENT,
    rf".+[:,;\s]\s*{_COLOUR}(\s*:.*)?|{_COLOUR}[:,;\s]+\S.*": WITH_COLOUR,
    r".*#[0-9a-f]{6}": WITH_COLOUR,
    r"""[\[\]{}<].*|"[^"]*",?|'[^']*',?|- .*|(nc|names|classes|path|train|val)\s*:.*""": (
        "of another format than plain text"
    ),
}
LONGEST = 200  # characters of a name
_FIRST_LINE = rf"{_HEADING}|(?:.*[,;\t]\s*)?{_HEADING}\s*[,;\t].*|.*[,;\t]\s*(?:name|class|label)"
_NUMBERED = r"(\d+)(?:\s*[:,;.)=-]\s*|\s+)\S.*"
_NUMBERED_BEHIND = r"\S.*?\s*[:,;=\t]\s*(\d+)"
_SEPARATED = r"[^,;\t]+([,;\t])\s*\S.*"
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")  # of no width, as copied from web pages


def check_class_names(names: Sequence[str], source: object) -> None:
    """Raise if a line names no class, or if the lines are numbered; `source` is for messages."""
    expected = "expected one class name a line, in the order of the indices from 0"
    for line, name in enumerate(names, 1):
        if kind := _other_kind(name, is_first=line == 1):
            advice = ", or the file as `palette`" if kind in (WITH_COLOUR, COMMENT) else ""
            raise InputError(f"{source}: line {line}: {name[:40]!r} is {kind}; {expected}{advice}")
    if len(names) == 1 and (match := re.fullmatch(_SEPARATED, names[0])):
        problem = f"one line with {match[1]!r} in it: {names[0][:40]!r}"
        raise InputError(f"{source}: {problem}; {expected}")
    for pattern in (_NUMBERED, _NUMBERED_BEHIND):
        numbers = [int(match[1]) for name in names if (match := re.fullmatch(pattern, name))]
        if len(names) > 1 and numbers in (list(range(len(names))), list(range(1, len(names) + 1))):
            problem = f"names are numbered from {numbers[0]}"
            raise InputError(f"{source}: {problem}; {expected}, unnumbered")
    for line, name in enumerate(names, 1):
        if found := CONTROL.search(name) or _UNSEEN.search(name):
            problem = f"holds {found[0]!r}, which cannot be seen"
            raise InputError(f"{source}: line {line}: {name[:40]!r} {problem}; {expected}")


def _other_kind(name: str, *, is_first: bool) -> str:
    """What a line is if it is not the name of a class, else nothing."""
    if len(name) > LONGEST:
        return f"{len(name)} characters long"
    if is_first and _matches(_FIRST_LINE, name):
        return "a heading"
    return next((kind for pattern, kind in _NO_NAMES.items() if _matches(pattern, name)), "")


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None
