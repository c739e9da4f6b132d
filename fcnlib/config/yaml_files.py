"""YAML files: read, refused with the line, laid over each other."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import ConstructorError

from fcnlib.config.columns import RENAMED_COLUMNS
from fcnlib.config.schema_base import CONTROL, suggestion
from fcnlib.config.yaml_extent import LOADER, check_extent, read_text
from fcnlib.core.errors import InputError
from fcnlib.core.printing import printable

# Numbers in YAML 1.2 and to DVC, but text in YAML 1.1, which PyYAML follows.
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+")

# Numbers to base 8 and 60 in YAML 1.1, by a leading 0 or colons that nobody means so.
MISREAD = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")

FEW = 8  # words: all of them are told
LONGEST = 80  # characters of a value in a message


class Loader(LOADER):  # type: ignore[misc, valid-type]
    """Names the line of a number, a date or a tagged value that Python cannot hold, or misreads."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        is_number = node.tag.endswith((":int", ":float"))
        if is_number and isinstance(node.value, str) and MISREAD.fullmatch(node.value):
            problem = (
                f"expected a number to base 10 without leading zeros instead of {shown(node.value)}"
            )
            raise ConstructorError(None, None, problem, node.start_mark)
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            kind = node.tag.rpartition(":")[2]
            problem = f"expected a value of type {kind} instead of {shown(node.value)}"
            raise ConstructorError(None, None, problem, node.start_mark) from None


class ConfigSource(NamedTuple):
    """The files of the entries, for messages."""

    files: str
    places: Mapping[str, str] = {}  # of entries, such as `experiments.voc-fcn8s`
    beneath: Mapping[str, Any] = {}  # what they have before overlays take anything away
    taken: Mapping[str, frozenset[str]] = {}  # the names of what is taken away, by part

    def at(self, place: str) -> str:
        """The file and the path of a key, such as `experiments.voc-fcn8s.net.width`."""
        entry = ".".join(place.split(".")[:2])
        return f"{self.places.get(entry, self.files)}: {in_one_line(place)}"

    def gone(self, part: str) -> frozenset[str]:
        """The names of a part's entries that are taken away, such as of `experiments`."""
        return self.taken.get(part, frozenset())


def in_one_line(key: str) -> str:
    """A key as messages show it: in YAML it may hold line ends and invisible characters."""
    return printable(key[: 3 * LONGEST])


def shown(value: Any) -> str:
    """A value as messages show it: of a long one, its beginning."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


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
        text = read_text(path)
        check_extent(text)
        loader = Loader(text)
        node = loader.get_single_node()
        twice = _twice(node)
        content = loader.construct_document(node) if node else None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a YAML file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: {error}; expected YAML in UTF-8") from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise InputError(f"{path}: {reason}") from None
    if content is None:
        raise InputError(f"{path}: holds nothing; expected a YAML mapping")
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; expected a YAML mapping")
    if twice:  # YAML would silently take the last
        raise InputError(f"{path}: {in_one_line(twice[0])}: given twice; expected once")
    check_texts(content, path)
    return content


def _twice(node: yaml.Node | None, place: str = "") -> list[str]:
    """The paths of keys that a mapping has more than once."""
    if isinstance(node, yaml.SequenceNode):
        return [
            twice for i, item in enumerate(node.value) for twice in _twice(item, f"{place}{i}.")
        ]
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [str(key.value) for key, _ in node.value]
    found = [f"{place}{key}" for key, count in Counter(keys).items() if count > 1]
    for key, (_, value) in zip(keys, node.value, strict=True):
        found += _twice(value, f"{place}{key}.")
    return found


def check_texts(value: Any, file: Path | str, place: str = "") -> None:
    """Raise unless all keys and texts can be shown, printed and embedded as they are."""
    if isinstance(value, str) and (found := CONTROL.search(value)):
        where = f"{file}: {in_one_line(place)}" if place else str(file)
        raise InputError(
            f"{where}: {shown(value)}: expected no control character, such as {found[0]!r}"
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_texts(key, file, place)
            check_texts(item, file, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple | set):
        for i, item in enumerate(value):
            check_texts(item, file, f"{place}.{i}")


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
        return f"{place}: {shown(problem['ctx']['tag'])}: {_allowed(problem, message)}"
    if problem["type"] == "literal_error":
        message = _allowed(problem, message)
    if isinstance(problem["input"], Mapping):
        return f"{place}: {message}"
    if problem["type"] in ("tuple_type", "list_type"):
        message = "expected a list, such as [a, b]"
    return f"{place}: {shown(problem['input'])}: {message}"


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
