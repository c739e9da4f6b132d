"""The experiment list: read, filled in for one scale, checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fcnlib.config.checks import check_experiments
from fcnlib.config.checks_figures import check_figures
from fcnlib.config.schema import Config, Scale
from fcnlib.config.schema_data import CHANNELS
from fcnlib.config.schema_figures import Figure
from fcnlib.config.yaml_files import first_problem, merged
from fcnlib.core.errors import InputError


def read(paths: Sequence[Path]) -> Config:
    """The configuration of YAML files, later ones laid over earlier ones."""
    return load(merged(paths), " + ".join(map(str, paths)))


class Outline(BaseModel):
    """As much of the file as must be right before its values can be filled in."""

    scale: str
    scales: dict[str, Scale]
    recipes: dict[str, dict[str, Any]]
    experiments: dict[str, dict[str, Any]]


def load(raw: Mapping[str, Any], source: str = "config.yaml") -> Config:
    """The checked configuration of `raw`'s scale; an InputError names the key's path."""
    try:
        outline = Outline.model_validate(raw)
        if outline.scale not in outline.scales:
            known = ", ".join(outline.scales)
            raise InputError(f"{source}: scale: {outline.scale!r} is not declared; known: {known}")
        scale = outline.scales[outline.scale]
        values = {key: _of_scale(value, scale.like) for key, value in raw.items()}
        recipes, experiments = values["recipes"], values["experiments"]
        values |= {
            "scales": raw["scales"],
            "experiments": {
                name: _filled(entry, recipes, scale.net, f"{source}: experiments.{name}")
                for name, entry in experiments.items()
            },
        }
        config = Config.model_validate(values)
    except ValidationError as error:
        raise InputError(first_problem(error, source)) from None
    check_experiments(config, source)
    check_figures(config, source)
    return _shown(config)


def _of_scale(value: Any, like: str) -> Any:
    """`value` with every {demo: ..., paper: ...} replaced by the number of this scale."""
    if isinstance(value, Mapping):
        if value and value.keys() <= {"demo", "paper"}:
            return _of_scale(value[like], like) if like in value else dict(value)
        return {key: _of_scale(item, like) for key, item in value.items()}
    if isinstance(value, list):
        return [_of_scale(item, like) for item in value]
    return value


def _filled(
    entry: dict[str, Any], recipes: dict[str, Any], net: dict[str, Any], place: str
) -> dict[str, Any]:
    """An experiment with its recipe's and its scale's values laid under its own."""
    entry = dict(entry)
    if isinstance(entry.get("recipe"), Mapping):
        overrides = dict(entry["recipe"])
        name = overrides.pop("name", None)
        if str(name) not in recipes:
            known = ", ".join(recipes)
            raise InputError(f"{place}.recipe.name: {name!r} is no recipe; known: {known}")
        entry["recipe"] = {**recipes[name], **overrides}
    if isinstance(entry.get("net"), Mapping):
        entry["net"] = {**net, **_channels(entry.get("data")), **entry["net"]}
    return entry


def _channels(data: Any) -> dict[str, int]:
    """The channels that a net sees of its inputs; nothing where they are yet to be checked."""
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    known = isinstance(inputs, list) and set(map(str, inputs)) <= CHANNELS.keys()
    return {"input_channels": sum(map(CHANNELS.__getitem__, inputs))} if known and inputs else {}


def _shown(config: Config) -> Config:
    """Only the tables that this scale shows, and what they need."""
    tables = config.scales[config.scale].tables
    if tables is None:
        return config
    wanted = {name for name, e in config.experiments.items() if set(e.tables) & set(tables)}
    for name, entry in reversed(config.experiments.items()):
        if name in wanted:
            wanted |= set(entry.starts(config.scales[config.scale].like))
    experiments = {name: e for name, e in config.experiments.items() if name in wanted}
    datasets = {entry.data.dataset for entry in experiments.values() if entry.data}
    return config.model_copy(
        update={
            "tables": {name: table for name, table in config.tables.items() if name in tables},
            "experiments": experiments,
            "datasets": {name: d for name, d in config.datasets.items() if name in datasets},
            "figures": {
                name: figure
                for name, figure in config.figures.items()
                if set(figure.experiments) <= experiments.keys()
                and _has_rows(figure, config, tables)
            },
        }
    )


def _has_rows(figure: Figure, config: Config, tables: Sequence[str]) -> bool:
    """Whether these tables have all that a figure of tables shows; one of all, whether any has."""
    if figure.kind != "ablation" or figure.tables:
        return set(figure.tables) <= set(tables)
    return any("mean_iu" in config.tables[name].columns for name in tables)
