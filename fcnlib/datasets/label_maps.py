"""Label maps of annotation tools: files of class names and their colours."""

import re
from pathlib import Path

from fcnlib.config.schema_base import CONTROL, Colour
from fcnlib.core.errors import InputError
from fcnlib.core.reading import read_lines
from fcnlib.datasets.class_names import LONGEST

_COLOUR = r"(?P<r>\d{1,3})\s*[,;\s]\s*(?P<g>\d{1,3})\s*[,;\s]\s*(?P<b>\d{1,3})"
# CVAT's labelmap.txt, and CSV; CamVid's label_colors.txt; names with a colour in base 16.
_NAME_FIRST = re.compile(rf"(?P<name>\S.*?)\s*[:,;\s]\s*{_COLOUR}\s*(:.*)?")
_COLOUR_FIRST = re.compile(rf"{_COLOUR}[:,;\s]+(?P<name>\S.*)")
_HEX = re.compile(r"(?P<name>\S.*?)\s*[:,;\s]\s*#(?P<hex>[0-9A-Fa-f]{6})")
_HEADING = re.compile(
    r"(name|class|label|category)\w*\s*[,;\t].*|.*[,;\t]\s*(name|class|label)", re.I
)


def read_label_map(path: Path) -> dict[str, Colour]:
    """The colour of each class of a label map, in the order of its lines."""
    found: dict[str, Colour] = {}
    for number, line in enumerate(read_lines(path, "class name and colour"), 1):
        is_heading = not found and _HEADING.fullmatch(line) and not _parsed(line)
        if not line or line.startswith(("#", "//")) or is_heading:
            continue
        place = f"{path}: line {number}"
        parsed = _parsed(line)
        if parsed is None:
            expected = "expected a class and its colour, such as road:128,64,128"
            raise InputError(f"{place}: {line[:40]!r}; {expected}")
        name, colour = parsed
        if max(colour) > 255:
            raise InputError(f"{place}: colour {colour}; expected bytes of 0 to 255")
        if len(name) > LONGEST or CONTROL.search(name):
            raise InputError(f"{place}: {name[:40]!r}; expected a name of {LONGEST} characters")
        if name in found:
            raise InputError(f"{place}: class {name!r} is listed twice")
        found[name] = colour
    if not found:
        raise InputError(f"{path}: no class in it; expected lines such as road:128,64,128")
    return found


def _parsed(line: str) -> tuple[str, Colour] | None:
    """The name and the colour of a line."""
    if match := _HEX.fullmatch(line):
        red, green, blue = bytes.fromhex(match["hex"])
        return match["name"], (red, green, blue)
    for pattern in (_COLOUR_FIRST, _NAME_FIRST):
        if match := pattern.fullmatch(line):
            return match["name"], (int(match["r"]), int(match["g"]), int(match["b"]))
    return None
