"""The reference of the configuration, from the models' own fields and descriptions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import yaml

from fcnlib.config.columns import COLUMNS
from fcnlib.config.json_schema import whole_schema
from fcnlib.config.schema_base import LARGEST, LARGEST_SEED
from reference.markdown import definitions, prose

Schema = dict[str, Any]
FIRST = ("experiments", "recipes", "tables", "figures", "claims", "datasets")  # what people change
MANY = 10  # values that are not listed
HIDDEN = {LARGEST, -LARGEST, LARGEST_SEED}  # bounds that nobody meets


class Section(NamedTuple):
    """The models that an entry at a place may be of: one, or the kinds of it."""

    place: str
    models: tuple[str, ...]


@cache
def configuration_markdown() -> str:
    """A section for the top level, and one for each place with keys of its own."""
    return _Reference(whole_schema()).markdown()


class _Reference:
    def __init__(self, schema: Schema) -> None:
        self.top, self.models = schema, schema["$defs"]
        self.sections: list[Section] = []
        self.place_of: dict[str, str] = {}  # a model's
        top = schema["properties"]
        for key in dict.fromkeys([*FIRST, *top]):
            self._find(top[key], key)

    def _find(self, schema: Schema, place: str) -> None:
        """Add the sections of what stands at a place, and of all below it."""
        known = self.place_of
        keyed = [each for each in _references(schema) if "properties" in self.models[each]]
        models = tuple(each for each in keyed if each not in known)
        for model in models:
            self.place_of[model] = place
        if models:
            self.sections.append(Section(place, models))
        for model in models:
            for key, value in self.models[model]["properties"].items():
                self._find(value, f"{place}.{key}")
        for inner in _inner(schema):
            self._find(inner, place)
        if isinstance(values := schema.get("additionalProperties"), dict):
            self._find(values, f"{place}.NAME")

    def markdown(self) -> str:
        parts = ["## Top level", self._keys(self.top, self.top["properties"])]
        for section in self.sections:
            parts += self._section(section)
        return "\n\n".join([*parts, "## Columns", *_columns()])

    def _section(self, section: Section) -> Iterator[str]:
        yield f"## {section.place}"
        models = [self.models[name] for name in section.models]
        if len(models) == 1:
            yield prose(models[0]["description"])
            yield from self._of_one(models[0])
            return
        shared = {
            key: value for key, value in models[0]["properties"].items() if _shares(key, models)
        }
        if shared:
            yield "All kinds have these keys:"
            yield self._keys(models[0], shared)
        for name, model in zip(section.models, models, strict=True):
            yield f"### {section.place}: {_kind(name)}"
            yield prose(model["description"])
            yield self._keys(model, _without(model["properties"], shared))

    def _of_one(self, model: Schema) -> Iterator[str]:
        """Its keys; of those that are all of another model's, that one."""
        own = model["properties"]
        for name, place in self.place_of.items():
            other = self.models[name]["properties"]
            if len(own) > len(other) > MANY and not _without(other, own):
                yield self._keys(model, _without(own, other))
                yield f"And all keys of {_link(place)}."
                return
        yield self._keys(model, own)

    def _keys(self, model: Schema, properties: Mapping[str, Schema]) -> str:
        """A definition list: key, its values and default, what it means."""
        needed = model.get("required", ())
        terms = []
        for key, value in properties.items():
            default = ", needed" if key in needed else ""
            if "default" in value:
                default = f", `{_flow(value['default'])}` if left out"
            meaning = value.get("description") or self._described(value)
            terms.append((f"`{key}` ({self._values(value)}{default})", meaning))
        return definitions(terms)

    def _described(self, value: Schema) -> str:
        """What a value without a description of its own is: its model's, or itself."""
        models = [*_references(value)]
        return self.models[models[0]]["description"] if models else "As above."

    def _values(self, schema: Schema) -> str:
        """Which values are allowed, in words."""
        if "$ref" in schema:
            model = _name(schema["$ref"])
            if model not in self.place_of:
                return self._values(self.models[model])
            return _link(self.place_of[model])
        if several := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(dict.fromkeys(map(self._values, several)))
        if "enum" in schema or "const" in schema:
            return _choices(schema.get("enum", [schema.get("const")]))
        if schema.get("type") == "array":
            return self._list(schema)
        if schema.get("type") == "object":
            return self._mapping(schema)
        return _scalar(schema)

    def _list(self, schema: Schema) -> str:
        if places := [*map(self._values, schema.get("prefixItems", ()))]:
            kinds = ", ".join(places) if len({*places}) > 1 else f"each a {places[0]}"
            return f"a list of {len(places)}, {kinds}"
        return f"a list: {self._values(schema['items'])}"

    def _mapping(self, schema: Schema) -> str:
        values = schema.get("additionalProperties")
        own = f": {self._values(values)}" if isinstance(values, dict) else ""
        names = schema.get("propertyNames", {}).get("enum", ())
        if _are_columns(names):
            return f"by [column](#columns){own}"
        return f"by {_choices(names) if 0 < len(names) <= MANY else 'name'}{own}"


def _references(schema: Schema) -> Iterator[str]:
    """The models that a value is of, without those within lists and mappings."""
    if "$ref" in schema:
        yield _name(schema["$ref"])
    for each in schema.get("anyOf") or schema.get("oneOf") or ():
        yield from _references(each)


def _inner(schema: Schema) -> Iterator[Schema]:
    """The schemas of a list's items, and the alternatives that are no models themselves."""
    if isinstance(schema.get("items"), dict):
        yield schema["items"]
    for each in schema.get("anyOf") or schema.get("oneOf") or ():
        if "$ref" not in each:
            yield each


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _shares(key: str, models: list[Schema]) -> bool:
    """Whether models have a key alike, but for one of several."""
    values = [model["properties"].get(key) for model in models]
    return None not in values and values.count(values[0]) >= max(2, len(values) - 1)


def _without(properties: Mapping[str, Schema], others: Mapping[str, Schema]) -> dict[str, Schema]:
    """The keys that others do not have, or not alike."""
    return {key: value for key, value in properties.items() if others.get(key) != value}


def _kind(model: str) -> str:
    """A class's name in words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model).lower()


def _link(place: str) -> str:
    """A link to the heading of a place, by the anchor that GitHub and MyST make of it."""
    return f"[{place}](#{re.sub(r'[^a-z_]', '', place.lower())})"


def _are_columns(values: Iterable[Any]) -> bool:
    return {*values} == {*COLUMNS}


def _choices(values: list[Any]) -> str:
    if _are_columns(values):
        return "[a column](#columns)"
    if len(values) > MANY:
        return f"one of {len(values)}"
    *others, last = (f"`{value}`" for value in values)
    return " or ".join(filter(None, [", ".join(others), last]))


def _scalar(schema: Schema) -> str:
    match schema.get("type"):
        case "integer":
            return f"whole number{_bounds(schema)}"
        case "number":
            return f"number{_bounds(schema)}"
        case "boolean":
            return "`true` or `false`"
        case "null":
            return "`null`"
        case "string":
            return "path" if schema.get("format") == "path" else "text"
    return "any value"


def _bounds(schema: Schema) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    if schema.get("exclusiveMinimum") == 0 and schema["type"] == "integer":
        schema = schema | {"minimum": 1, "exclusiveMinimum": LARGEST}
    if schema.get("maximum") not in (None, *HIDDEN) and "minimum" in schema:
        return f" from {schema['minimum']:g} to {schema['maximum']:g}"
    found = [
        f"{word} {schema[key]:g}"
        for key, word in words.items()
        if key in schema and schema[key] not in HIDDEN
    ]
    return " " + " and ".join(found) if found else ""


def _flow(value: Any) -> str:
    """A value as it would be written."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _columns() -> Iterator[str]:
    yield "What a table can show, `paper` can give a number for, and claims can read."
    rows = [f"| `{name}` | {each.label} | {each.unit} |" for name, each in COLUMNS.items()]
    yield "\n".join(["| column | its heading | unit |", "|---|---|---|", *rows])
