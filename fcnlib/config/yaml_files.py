"""YAML files: read, refused with the line, laid over each other."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from fcnlib.core.errors import InputError

# In C where PyYAML has it: ten times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Numbers in YAML 1.2 and to DVC, but text in YAML 1.1, which PyYAML follows.
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


class ConfigSource(NamedTuple):
    """The files of the entries, for messages."""

    files: str
    places: Mapping[str, str] = {}  # of entries, such as `experiments.voc-fcn8s`

    def at(self, place: str) -> str:
        """The file and the path of a key, such as `experiments.voc-fcn8s.net.width`."""
        entry = ".".join(place.split(".")[:2])
        return f"{self.places.get(entry, self.files)}: {place}"


def entries_of(content: Mapping[str, Any]) -> list[str]:
    """The paths of all entries of a file."""
    return [
        f"{part}.{name}"
        for part, entries in content.items()
        if isinstance(entries, Mapping)
        for name in entries
    ]


def merged(paths: Sequence[str | Path], top: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of YAML files laid over each other, and `top` over all, in the files' order.

    Snakemake merges the same way, but puts overlaid keys first; rows keep the list's order.
    """
    content: dict[str, Any] = {}
    for path in paths:
        content = merge(content, read_yaml(Path(path)))
    numbered: dict[str, Any] = with_numbers(merge(content, top or {}))
    return numbered


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
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; expected a YAML mapping")
    if twice := _twice(node):  # YAML would silently take the last
        raise InputError(f"{path}: {twice[0]}: given twice; expected once")
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
    place = source.at(".".join(location) or "top level")
    if problem["type"] == "missing":
        return f"{place}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], Mapping):
        return f"{place}: {message}"
    if problem["type"] in ("tuple_type", "list_type"):
        message = "expected a list, such as [a, b]"
    return f"{place}: {problem['input']!r}: {message}"
