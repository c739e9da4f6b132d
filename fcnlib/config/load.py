"""The configuration: read, filled in for one scale, checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from fcnlib.config.checks import check_experiments
from fcnlib.config.checks_claims import check_claims
from fcnlib.config.checks_data import check_synthetic_archives
from fcnlib.config.checks_figures import check_figures
from fcnlib.config.fill import fill_experiment
from fcnlib.config.overlays import take_away, without_taken
from fcnlib.config.restrict import restricted
from fcnlib.config.schema import Config, Scale
from fcnlib.config.schema_base import Frozen, suggestion
from fcnlib.config.schema_nets import Net, Recipe
from fcnlib.config.studies import read_raw_config
from fcnlib.config.yaml_files import ConfigSource, first_problem
from fcnlib.core.errors import InputError

# With these, a few values of a net or a recipe can be checked alone.
SMALLEST_NET = {"backbone": "vgg16", "predict_from": ["fc7"]}
SMALLEST_RECIPE = {"learning_rate": 1.0, "iterations": 1, "validate_every": 1}


def read_config(paths: Sequence[Path]) -> Config:
    """The configuration of YAML files and their studies, later files laid over earlier ones."""
    return load_config(*read_raw_config(paths))


class Outline(BaseModel):
    """As much of the configuration as must be right before its values can be filled in."""

    scale: str
    scales: dict[str, Scale]
    recipes: dict[str, dict[str, Any]]
    experiments: dict[str, dict[str, Any]]


def load_config(raw: Mapping[str, Any], source: ConfigSource | str = "config.yaml") -> Config:
    """The checked configuration of `raw`'s scale; an InputError names file and key."""
    source = ConfigSource(source) if isinstance(source, str) else source
    raw, source = take_away(raw, source)
    values = raw
    try:
        outline = Outline.model_validate(raw)
        if outline.scale not in outline.scales:
            known = suggestion(outline.scale, outline.scales)
            raise InputError(f"{source.at('scale')}: {outline.scale!r} is not declared; {known}")
        scales = {name: with_rehearsed(name, outline.scales, source) for name in outline.scales}
        scale = scales[outline.scale]
        choices: set[str] = {scale.preset, scale.archives}
        values = {key: of_scale(value, choices) for key, value in raw.items()}
        values["scales"] = scales  # {demo: ..., paper: ...} are scales here, no choice
        Outline.model_validate(values)  # a choice may be of something else
        _check_parts(values, outline.scale, scale, source)
        experiments = values["experiments"]
        filled = {
            name: fill_experiment(name, experiments, values["recipes"], scale, source)
            for name in experiments
        }
        config = Config.model_validate({**values, "experiments": filled})
    except ValidationError as error:
        text = scale_problem(error, values, source) or first_problem(error, source)
        raise InputError(text) from None
    config, source = without_taken(config, source)
    check_experiments(config, source)
    check_figures(config, source)
    check_claims(config, source)
    config = restricted(config, source)
    check_synthetic_archives(config, source)
    return config


def with_rehearsed(name: str, scales: Mapping[str, Scale], source: ConfigSource) -> Scale:
    """A scale of this name; a rehearsal with the values of the rehearsed one under its own."""
    scale = scales[name]
    if scale.rehearses is None:
        return scale
    place = source.at(f"scales.{name}.rehearses")
    if scale.rehearses not in scales:
        known = suggestion(scale.rehearses, scales)
        raise InputError(f"{place}: {scale.rehearses!r} is no scale; {known}")
    other = scales[scale.rehearses]
    if other.rehearses is not None:
        raise InputError(f"{place}: {scale.rehearses!r} is a rehearsal itself; expected none")
    taken_over = other.model_fields_set - scale.model_fields_set
    return scale.model_copy(update={key: getattr(other, key) for key in taken_over})


def of_scale(value: Any, choices: set[str]) -> Any:
    """`value` with every {demo: ..., paper: ...} replaced by the one of the scale's preset.

    And every {synthetic: ..., published: ...} by the one of its archives; `choices` are both.
    """
    if isinstance(value, Mapping):
        for alternatives in ({"demo", "paper"}, {"synthetic", "published"}):
            if value and value.keys() <= alternatives:
                (chosen,) = alternatives & choices
                return of_scale(value[chosen], choices) if chosen in value else dict(value)
        return {key: of_scale(item, choices) for key, item in value.items()}
    if isinstance(value, list):
        return [of_scale(item, choices) for item in value]
    return value


def _check_parts(values: Mapping[str, Any], name: str, scale: Scale, source: ConfigSource) -> None:
    """Values of a scale and of recipes are right in themselves, also where nothing takes them."""
    _check_some(Net, scale.net, SMALLEST_NET, source.at(f"scales.{name}.net"))
    _check_some(Recipe, scale.recipe, SMALLEST_RECIPE, source.at(f"scales.{name}.recipe"))
    for recipe, own in values["recipes"].items():
        _check_some(Recipe, own, SMALLEST_RECIPE, source.at(f"recipes.{recipe}"))


def _check_some(
    model: type[Frozen], values: Mapping[str, Any], rest: Mapping[str, Any], place: str
) -> None:
    """Raise unless `values` are right as a part of a model, the `rest` being as it is."""
    try:
        model.model_validate({**rest, **values})
    except ValidationError as error:
        problem = first_problem(error, ConfigSource("")).removeprefix(": ")
        ending = problem.removeprefix("top level")
        raise InputError(place + (ending if ending != problem else f".{problem}")) from None


def scale_problem(error: ValidationError, values: Mapping[str, Any], source: ConfigSource) -> str:
    """The problem at the scale's key, if it is a value of the scale that an entry cannot have."""
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    first, name, _, part, key = (*place[:5], *[""] * (5 - len(place)))
    if first != "experiments" or part not in ("net", "recipe"):
        return ""
    message = problem["msg"].removeprefix("Value error, ")
    key = key or message.partition(":")[0]
    message = message.removeprefix(f"{key}: ")
    scale = Scale.model_validate(values["scales"][values["scale"]])
    bare = scale.model_copy(update={"net": {}, "recipe": {}})
    own = fill_experiment(name, values["experiments"], values["recipes"], bare, source)
    if not isinstance(own[part], Mapping) or key in own[part] or key not in getattr(scale, part):
        return ""
    blamed, value = source.at(f"scales.{values['scale']}.{part}.{key}"), getattr(scale, part)[key]
    return f"{blamed}: {value!r}: {message} (experiments.{name})"
