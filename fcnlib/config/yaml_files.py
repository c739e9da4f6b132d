"""YAML files: read, refused with the line, laid over each other."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fcnlib.core.errors import InputError

# In C where PyYAML has it: ten times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# PyYAML follows YAML 1.1, to which these are text; to people, to YAML 1.2 and to DVC they are not.
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def merged(paths: Sequence[str | Path], top: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of YAML files laid over each other, and `top` over all, in the files' order.

    Snakemake merges the same way, but puts overlaid keys first; rows keep the list's order.
    """
    content: dict[str, Any] = {}
    for path in paths:
        content = _laid_over(content, _read_file(Path(path)))
    return {key: _with_numbers(value) for key, value in _laid_over(content, top or {}).items()}


def _with_numbers(value: Any) -> Any:
    """`value` with 1e-10 as a number wherever it was read as text."""
    if isinstance(value, Mapping):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    return float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value


def _read_file(path: Path) -> dict[str, Any]:
    try:
        loader = LOADER(path.read_text("utf-8"))
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; expected a YAML mapping")
    if twice := _twice(node):  # YAML would silently take the last
        raise InputError(f"{path}: {twice[0]}: stands there twice")
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


def _laid_over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _laid_over(base[key], value)
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        else value
        for key, value in top.items()
    }
    return {**base, **both}


def first_problem(error: ValidationError, source: str) -> str:
    """One line: the key's path, the value, and what was allowed."""
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    if location[:1] == ["datasets"]:
        del location[2:3]  # pydantic adds the converter's name
    place = ".".join(location) or "top level"
    if problem["type"] == "missing":
        return f"{source}: {place}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], Mapping):
        return f"{source}: {place}: {message}"
    if problem["type"] in ("tuple_type", "list_type"):
        message = "expected a list, such as [a, b]"
    return f"{source}: {place}: {problem['input']!r}: {message}"
