"""YAML files: read, refused with the line, laid over each other."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fcnlib.config.columns import RENAMED_COLUMNS
from fcnlib.config.schema_base import suggestion
from fcnlib.core.errors import InputError

# In C where PyYAML has it: ten times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Numbers in YAML 1.2 and to DVC, but text in YAML 1.1, which PyYAML follows.
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")

FEW = 8  # words: all of them are told


class ConfigSource(NamedTuple):
    """The files of the entries, for messages."""

    files: str
    places: Mapping[str, str] = {}  # of entries, such as `experiments.voc-fcn8s`

    def at(self, place: str) -> str:
        """The file and the path of a key, such as `experiments.voc-fcn8s.net.width`."""
        entry = ".".join(place.split(".")[:2])
        return f"{self.places.get(entry, self.files)}: {in_one_line(place)}"


def in_one_line(key: str) -> str:
    """A key as messages show it: YAML lets it have line ends."""
    return "\\n".join(key.splitlines())


def entries_of(content: Mapping[str, Any]) -> list[str]:
    """The paths of all entries of a file."""
    return [
        f"{part}.{name}"
        for part, entries in content.items()
        if isinstance(entries, Mapping)
        for name in entries
    ]


def with_numbers(value: Any) -> Any:
    """`value` with 1e-10 as a number wherever it was read as text."""
    if isinstance(value, Mapping):
        return {key: with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item) for item in value]
    return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value


def read_yaml(path: Path) -> dict[str, Any]:
    """The content of a YAML file; an InputError names the line of a mistake in its syntax."""
    try:
        loader = LOADER(path.read_text("utf-8"))
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
        twice = _twice(node)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise InputError(f"{path}: {reason}") from None
    except RecursionError:  # an alias of what is around it, for example
        raise InputError(f"{path}: nested too deeply; expected a YAML mapping") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; expected a YAML mapping")
    if twice:  # YAML would silently take the last
        raise InputError(f"{path}: {in_one_line(twice[0])}: given twice; expected once")
    return content


def _twice(node: yaml.Node | None, place: str = "") -> list[str]:
    """The paths of keys that a mapping has more than once."""
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [str(key.value) for key, _ in node.value]
    found = [f"{place}{key}" for key in keys if keys.count(key) > 1]
    for key, (_, value) in zip(keys, node.value, strict=True):
        found += _twice(value, f"{place}{key}.")
    return found


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`top` laid over `base`, mapping by mapping."""
    both = {
        key: merge(base[key], value)
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        else value
        for key, value in top.items()
    }
    return {**base, **both}


def first_problem(error: ValidationError, source: ConfigSource) -> str:
    """One line: the file, the key's path, the value, and what was allowed."""
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    if location[:1] in (["datasets"], ["experiments"]):
        del location[2:3]  # pydantic adds the name of the kind
    # And `[key]` where it is the key that is wrong, or which of several types it tried.
    location = [part for part in location if "[" not in part]
    if problem["type"].startswith("union_tag"):
        location.append(problem["ctx"]["discriminator"].strip("'"))
    place = source.at(".".join(location) or "top level")
    if problem["type"] in ("missing", "union_tag_not_found"):
        return f"{place}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "union_tag_invalid":
        return f"{place}: {problem['ctx']['tag']!r}: {_allowed(problem, message)}"
    if problem["type"] == "literal_error":
        message = _allowed(problem, message)
    if isinstance(problem["input"], Mapping):
        return f"{place}: {message}"
    if problem["type"] in ("tuple_type", "list_type"):
        message = "expected a list, such as [a, b]"
    return f"{place}: {problem['input']!r}: {message}"


def _allowed(problem: ErrorDetails, message: str) -> str:
    """What the words are that are allowed; of many, the one that was probably meant."""
    context = problem["ctx"]
    given = str(context.get("tag", problem["input"]))
    words = re.findall(r"'([^']+)'", context.get("expected") or context["expected_tags"])
    if RENAMED_COLUMNS.get(given) in words:
        return f"it is now {RENAMED_COLUMNS[given]}"
    if len(words) > FEW:
        return suggestion(given, words)
    return message if "expected" in context else f"expected one of: {', '.join(words)}"
