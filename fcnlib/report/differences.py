"""Where two nested values differ, such as two configurations."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

LONGEST = 60  # characters of a value in a message
MISSING = object()


class Difference(NamedTuple):
    """A key of nested values at which two of them differ; `MISSING` where one has none."""

    place: str
    found: Any
    expected: Any


def value_differences(found: Any, expected: Any, place: str = "") -> Iterator[Difference]:
    """The differences of nested values, key by key."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for key in dict.fromkeys([*expected, *found]):
            inner = f"{place}.{key}" if place else str(key)
            pair = found.get(key, MISSING), expected.get(key, MISSING)
            yield from value_differences(*pair, inner)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, pair in enumerate(zip(found, expected, strict=True)):
            yield from value_differences(*pair, f"{place}.{index}" if place else str(index))
    elif not (found == expected and isinstance(found, bool) == isinstance(expected, bool)):
        yield Difference(place, found, expected)


def shown(value: Any) -> str:
    """A value as messages have it: of a long one, its beginning."""
    text = "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
