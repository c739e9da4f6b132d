"""The values that rules are handed: a rule runs again only when one of its own changes."""

from typing import Any

from fcnlib.config.schema import Config
from fcnlib.config.schema_base import Frozen
from fcnlib.config.schema_experiments import Retested, Timed, UpperBound
from fcnlib.config.schema_nets import BackboneName

Values = dict[str, Any]
# What a net is and what it is scored on.
EVALUATED = {"data", "net", "recipe", "released", "evaluate_of"}


def synthetic(config: Config, scenes: Frozen) -> Values:
    """How to make synthetic scenes, which are a field of `synthetic`: seed, number and size."""
    return {"seed": config.synthetic.seed, **scenes.model_dump()}


def dataset(config: Config, name: str) -> Values:
    """What a data set's converter is handed."""
    return config.dataset(name).model_dump(mode="json")


def pretraining(config: Config, backbone: BackboneName) -> Values:
    """How a backbone's classifier is trained."""
    return config.pretraining_of(backbone).model_dump()


def stand_in(config: Config, backbone: BackboneName) -> Values:
    """The classifier of random weights that takes a published one's place."""
    return {
        "backbone": backbone,
        **config.classifier(backbone),
        "seed": config.pretraining.seed,
    }


def training(config: Config, experiment: str) -> Values:
    """All that training depends on: data, net and recipe."""
    return config.training(experiment).model_dump(mode="json")


def evaluation(config: Config, experiment: str) -> Values:
    """What a net is and what it is scored on: how it was trained, or where it was released."""
    entry = config.experiments[experiment]
    values = entry.model_dump(mode="json", include=EVALUATED, exclude_none=True)
    if isinstance(entry, Retested):
        values["trained"] = training(config, entry.evaluate_of)
    return values


def upper_bound(config: Config, experiment: str) -> Values:
    """What is downsampled, and how far."""
    entry = config.experiments[experiment]
    assert isinstance(entry, UpperBound)
    return entry.model_dump(mode="json", include={"data", "upper_bound"})


def timing(config: Config, experiment: str) -> Values:
    """What is timed."""
    entry = config.experiments[experiment]
    assert isinstance(entry, Timed)
    return entry.timing.model_dump(mode="json")


def claims(config: Config) -> Values:
    """The claims by name."""
    return {name: claim.model_dump(mode="json") for name, claim in config.claims.items()}
