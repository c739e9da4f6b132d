"""The JSON schema of configuration files, made from the models: editors check and complete by it.

The models are of a whole configuration of one scale; a file of it may hold a part: an overlay, a
study, an entry that lies over its base. So no key is required here, every value may also be
`{demo: ..., paper: ...}` or `{synthetic: ..., published: ...}`, and null takes away what is below.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fcnlib.config.schema import Config
from fcnlib.config.schema_nets import Net, Recipe
from fcnlib.core.files import write_json

Schema = dict[str, Any]
CHOICES: Schema = {"enum": ["demo", "paper", "synthetic", "published"]}
TEXT: Schema = {"type": "string"}


def whole_schema() -> Schema:
    """The schema of a whole configuration; recipes and values of scales have their keys in it."""
    schema = Config.model_json_schema()
    models = schema["$defs"]
    for model in (Net, Recipe):
        models |= {model.__name__: model.model_json_schema()}
        models |= models[model.__name__].pop("$defs", {})
    net, recipe = _reference("Net"), _reference("Recipe")
    _set_values(schema["properties"]["recipes"], recipe)
    scale = models["Scale"]["properties"]
    for key, model_of in {"net": net, "recipe": recipe}.items():
        scale[key] = {**model_of, "description": scale[key]["description"], "default": {}}
    models["NamedRecipe"] = _named_recipe(models["Recipe"])
    models["Trained"]["properties"]["recipe"]["$ref"] = "#/$defs/NamedRecipe"
    return schema


def file_schema() -> Schema:
    """The schema of a file: of config.yaml, a study or an overlay."""
    schema = whole_schema()
    names = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
    models, top = schema.pop("$defs"), schema["properties"]
    for properties in (models["Scale"]["properties"], top):  # `tables: skips,zoo` runs these alone
        others = properties["tables"].pop("anyOf", [_without_note(properties["tables"])])
        properties["tables"] = {**_note(properties["tables"]), "anyOf": [*others, *names["anyOf"]]}
    top["rows"]["anyOf"].append(TEXT)
    top["section"] = TEXT | {"description": "Of a study: the section of the paper."}
    top["title"] = TEXT | {"description": "Of a study: its heading."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_partial(schema | {"title": "A configuration, a study or an overlay"}),
        "$defs": {
            "Choices": CHOICES,
            **{name: _partial(model) for name, model in sorted(models.items())},
        },
    }


def _reference(model: str) -> Schema:
    return {"$ref": f"#/$defs/{model}"}


def _set_values(mapping: Schema, values: Schema) -> None:
    """Let the values of a mapping of names be of this schema."""
    mapping["additionalProperties"] = values


def _named_recipe(recipe: Schema) -> Schema:
    """The recipe of an experiment: one of `recipes`, and values that differ from it."""
    name = TEXT | {"description": "A name of `recipes`, whose values lie below."}
    return recipe | {"properties": {"name": name, **recipe["properties"]}, "required": ["name"]}


def _partial(model: Schema) -> Schema:
    """A model of which any key may be missing, and any value a choice or null."""
    kept = {key: value for key, value in model.items() if key not in ("required", "properties")}
    properties = model.get("properties")
    if properties is None:
        loose: Schema = _loose(kept)
        return loose
    return kept | {"properties": {key: _optional(value) for key, value in properties.items()}}


def _optional(value: Schema) -> Schema:
    """A value, a choice of values, or null; its description stays where editors look for it."""
    own = _without_note(_loose(value))
    choice = {
        "type": "object",
        "propertyNames": _reference("Choices"),
        "minProperties": 1,
        "additionalProperties": own,
    }
    return {**_note(value), "anyOf": [own, choice, {"type": "null"}]}


def _loose(schema: Any) -> Any:
    """A schema in whose mappings of names every entry may be null, and whose unions overlap."""
    if isinstance(schema, list):
        return [_loose(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = dict(_loosened(schema))
    if isinstance(values := found.get("additionalProperties"), dict):
        _set_values(found, {"anyOf": [values, {"type": "null"}]})
    return found


def _loosened(schema: Schema) -> Iterator[tuple[str, Any]]:
    for key, value in schema.items():
        if key == "title":  # pydantic's own, which are the keys again
            continue
        if key == "oneOf":  # without its required keys, a part fits several of them
            yield "anyOf", _loose(value)
        elif key != "discriminator":
            yield key, _loose(value)


def _note(schema: Schema) -> Schema:
    return {key: schema[key] for key in ("description", "default") if key in schema}


def _without_note(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


if __name__ == "__main__":  # as `make schema` does
    write_json(Path(sys.argv[1]), file_schema())
