"""The size and depth of a YAML file with its aliases expanded, checked before it is loaded."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from fcnlib.core.errors import InputError

# In C where PyYAML has it: ten times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MOST_BYTES = 2_000_000  # over twenty times the whole configuration with all studies
MOST_VALUES = 100_000
DEEPEST = 50


@dataclass
class Extent:
    """How many values a collection holds, itself included, and how deeply they are nested."""

    anchor: str | None = None
    values: int = 1
    depth: int = 0

    def add(self, part: "Extent") -> None:
        self.values += part.values
        self.depth = max(self.depth, 1 + part.depth)


def read_text(path: Path) -> str:
    """The text of a file that is no larger than a configuration can be."""
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: expected a configuration of at most {MOST_BYTES:,} bytes")
    return content.decode("utf-8-sig")


def check_extent(text: str) -> None:
    """Raise a YAMLError where aliases or nesting make more of a text than can be meant.

    PyYAML's loader is recursive, and in C nothing limits how deep it goes.
    """
    around = [Extent()]
    known: dict[str | None, Extent] = {}
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            around.append(Extent(event.anchor))
        elif part := _finished(event, around, known):
            known[part.anchor] = part
            around[-1].add(part)
        if around[-1].values > MOST_VALUES:
            most = f"more than {MOST_VALUES:,} values, with those of aliases; expected fewer"
            raise _problem(most, event)
        if len(around) + around[-1].depth > DEEPEST:
            raise _problem(f"nested too deeply; expected at most {DEEPEST} levels", event)


def _finished(
    event: yaml.Event, around: list[Extent], known: dict[str | None, Extent]
) -> Extent | None:
    """The extent of the value that this event completes; None where it completes none."""
    match event:
        case yaml.CollectionEndEvent():
            return around.pop()
        case yaml.ScalarEvent():
            return Extent(event.anchor)
        case yaml.AliasEvent(anchor=anchor) if anchor in [each.anchor for each in around]:
            raise _problem(f"nested too deeply, as *{anchor} is inside of &{anchor}", event)
        case yaml.AliasEvent():
            return known.get(event.anchor)  # the loader names an unknown one
    return None


def _problem(text: str, event: yaml.Event) -> yaml.YAMLError:
    line = event.start_mark.line + 1 if event.start_mark else "?"
    return yaml.YAMLError(f"{text}, at line {line}")
