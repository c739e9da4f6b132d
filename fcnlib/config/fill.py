"""Experiments as they are after their base, their recipe and their scale are laid under them."""

from collections.abc import Mapping
from typing import Any

from fcnlib.config.overlays import INHERITED, check_kept
from fcnlib.config.schema import Scale
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_data import CHANNELS
from fcnlib.config.schema_experiments import EXPERIMENT_KINDS, PUBLISHED_ONLY, Row, kind_of
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError


def fill_experiment(
    name: str,
    experiments: Mapping[str, dict[str, Any]],
    recipes: Mapping[str, dict[str, Any]],
    scale: Scale,
    source: ConfigSource,
) -> dict[str, Any]:
    """An experiment with all its values.

    Args:
        name: its name among `experiments`.
        experiments: all of them as in the files, in their order.
        recipes: the named recipes.
        scale: whose net and recipe values lie under all others.
        source: the files of the entries, for messages.

    Raises:
        InputError: for a base that is missing, below it or itself based, an unknown recipe, and
            keys of no kind of experiment or of two.
    """
    place = source.at(f"experiments.{name}")
    base = experiments[name].get("base")
    check_kept("experiments", base, experiments, source, f"experiments.{name}.base")
    entry = _on_base(name, experiments, place)
    _check_kind(entry, place)
    if isinstance(entry.get("recipe"), Mapping):
        recipe = entry["recipe"].get("name")
        check_kept("recipes", recipe, recipes, source, f"experiments.{name}.recipe")
        entry["recipe"] = _with_recipe(entry["recipe"], recipes, scale, place)
    if isinstance(entry.get("timing"), Mapping):
        entry["timing"] = _cut(entry["timing"], scale)
    if isinstance(entry.get("net"), Mapping):
        entry["net"] = {**scale.net, **_channels(entry.get("data")), **entry["net"]}
    if "paper" not in entry and isinstance(released := entry.get("released"), Mapping):
        # The released net is the paper's: its published numbers are that net's.
        source_entry = experiments.get(str(released.get("demo_source")), {})
        entry["paper"] = source_entry.get("paper") or {}
    return entry


def _on_base(name: str, experiments: Mapping[str, dict[str, Any]], place: str) -> dict[str, Any]:
    """An entry laid over its base: each of data, net, recipe and timing key by key.

    An entry of another kind takes over the data alone; a recipe with a name is another one.
    """
    entry = {key: value for key, value in experiments[name].items() if value is not None}
    if "base" not in entry:
        return entry
    base_name = entry["base"]
    if not isinstance(base_name, str) or base_name not in experiments:
        known = suggestion(str(base_name), experiments)
        raise InputError(f"{place}.base: {base_name!r} is no experiment; {known}")
    order = list(experiments)
    if order.index(base_name) >= order.index(name):
        raise InputError(f"{place}.base: {base_name!r} must be above it")
    base = experiments[base_name]
    if "base" in base:
        raise InputError(
            f"{place}.base: {base_name!r} has the base {base['base']!r} itself; expected that one, "
            f"and what {base_name!r} lays over it"
        )
    kinds = entry.keys() & EXPERIMENT_KINDS.keys()
    if kinds == {"timing"} and kind_of(base) != "timing":  # which has no data to take over
        raise InputError(f"{place}.base: {base_name!r} is not timed; expected one that is")
    same_kind = kinds <= {kind_of(base)}
    for part in INHERITED if same_kind else INHERITED[:1]:
        own, theirs = entry.get(part, {}), base.get(part)
        if not isinstance(own, Mapping) or not isinstance(theirs, Mapping):
            continue
        entry[part] = dict(own) if part == "recipe" and "name" in own else {**theirs, **own}
    return entry


def _check_kind(entry: Mapping[str, Any], place: str) -> None:
    """Raise unless an entry is of one kind, or published numbers are all it has."""
    for old, new in Row.renamed.items():
        if old in entry:
            raise InputError(f"{place}: unknown key {old!r}; it is now {new}")
    given = [kind for kind in EXPERIMENT_KINDS if entry.get(kind) is not None]
    if ("recipe" in entry) != ("net" in entry):
        raise InputError(f"{place}: net and recipe come together or not at all")
    published_only = not given and entry.get(PUBLISHED_ONLY) and "data" not in entry
    if not published_only and len(given) != 1:
        found = " beside ".join(given) or "none"
        kinds = "; ".join(["net and recipe", *list(EXPERIMENT_KINDS)[1:]])
        raise InputError(
            f"{place}: {found}; expected one of: {kinds}; or paper alone, with a number"
        )


def _with_recipe(
    own: Mapping[str, Any], recipes: Mapping[str, dict[str, Any]], scale: Scale, place: str
) -> dict[str, Any]:
    """A recipe's values over those of the scale, and an experiment's own over both."""
    overrides = dict(own)
    name = overrides.pop("name", None)
    if str(name) not in recipes:
        known = suggestion(str(name), recipes)
        raise InputError(f"{place}.recipe.name: {name!r} is no recipe; {known}")
    return _cut({**scale.recipe, **recipes[str(name)], **overrides}, scale)


def _cut(values: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """The values, none above the most that the scale allows; validations not behind the end."""
    most = scale.at_most.model_dump(exclude_none=True)
    if "iterations" in most:
        most["validate_every"] = most["iterations"]
    return {
        key: min(value, most[key]) if key in most and isinstance(value, int) else value
        for key, value in values.items()
    }


def _channels(data: Any) -> dict[str, int]:
    """The channels that a net sees of its inputs; nothing where they are yet to be checked."""
    inputs = data.get("inputs", ["rgb"]) if isinstance(data, Mapping) else None
    known = isinstance(inputs, list | tuple) and set(map(str, inputs)) <= CHANNELS.keys()
    return {"input_channels": sum(CHANNELS[name] for name in inputs)} if known and inputs else {}
