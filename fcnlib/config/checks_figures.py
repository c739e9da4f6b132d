"""Checks of the entries that figures show: each kind has what it can plot."""

from collections.abc import Iterable
from typing import Any

from fcnlib.config.checks_data import require_known
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import Experiment, Retested, Scored, Trained, UpperBound
from fcnlib.config.schema_figures import Figure
from fcnlib.config.schema_nets import Training
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError

MEAN_IU = "mean_iu"
LEAST_SHARES = 3  # a curve through fewer has no bend


def check_figures(config: Config, source: ConfigSource) -> None:
    """The experiments and tables of a figure exist and fit its kind."""
    entries = config.experiments.items()
    nets = [name for name, entry in entries if isinstance(entry, Scored)]
    ours = [name for name in nets if config.evaluated_net(name)]
    trained = [name for name, entry in entries if isinstance(entry, Trained)]
    bounded = [name for name, e in entries if isinstance(e, Trained | Retested | UpperBound)]
    fitting = {
        "comparison": (nets, "is no net"),
        "losses": (trained, "is no net that is trained"),
        "momentum": (trained, "is no net that is trained"),
        "gaps": (bounded, "is neither a net of ours nor an upper bound"),
        "architecture": (ours, "is no net of ours"),
        "ablation": ([], ""),
        "learning_curve": (trained, "is no net that is trained"),
    }
    with_mean_iu = [name for name, table in config.tables.items() if MEAN_IU in table.columns]
    for name, figure in config.figures.items():
        place, (known, what) = source.at(f"figures.{name}"), fitting[figure.kind]
        for experiment in figure.experiments:
            require_known(experiment, known, f"{place}.experiments", what)
        for table in figure.tables:
            require_known(table, with_mean_iu, f"{place}.tables", f"is no table with {MEAN_IU}")
        if figure.kind not in ("losses", "architecture"):
            rows = [config.experiments[experiment] for experiment in figure.experiments]
            _check_datasets(rows, figure, f"{place}.experiments")
        if figure.kind == "ablation" and not with_mean_iu:
            raise InputError(f"{place}.tables: no table has {MEAN_IU}")
        if figure.kind == "gaps":
            _check_gaps(config, figure, f"{place}.experiments")
        if figure.kind == "learning_curve":
            _check_shares(config, figure, f"{place}.experiments")
        if figure.kind == "architecture":
            _check_backbone(config, figure, f"{place}.experiments")


def _check_datasets(entries: Iterable[Experiment], figure: Figure, place: str) -> None:
    """Nets side by side are of one data set: scores of different images do not compare."""
    data = [entry.data for entry in entries if isinstance(entry, Scored | UpperBound)]
    of = sorted({each.dataset for each in data})
    if len(of) == 1 and figure.kind != "comparison":
        of = sorted({f"{each.dataset} {each.test}" for each in data})
    if len(of) > 1:
        raise InputError(f"{place}: of {', '.join(of)}; expected nets of one data set")


def _check_gaps(config: Config, figure: Figure, place: str) -> None:
    """Every net has a bound of its stride, or there is no gap."""
    factors, nets = set(), {}
    for name in figure.experiments:
        entry = config.experiments[name]
        if isinstance(entry, UpperBound):
            factors.add(entry.upper_bound.factor)
        elif net := config.evaluated_net(name):
            nets[name] = net.stride
    for name, stride in nets.items():
        if stride not in factors:
            raise InputError(f"{place}: {name!r} has stride {stride}; expected a bound of it too")
    if not nets:
        raise InputError(f"{place}: no net; expected nets beside the bounds")


def _check_shares(config: Config, figure: Figure, place: str) -> None:
    """Nets of one curve differ in their share of the images, of which a curve needs a few."""
    trainings = {name: config.training(name) for name in figure.experiments}
    shares = {training.data.train_share for training in trainings.values()}
    if len(shares) < LEAST_SHARES:
        told = ", ".join(f"{share:g}" for share in sorted(shares))
        raise InputError(
            f"{place}: train_share {told}; expected nets of at least {LEAST_SHARES} shares"
        )
    alike = {name: _without_share(training) for name, training in trainings.items()}
    first, *others = alike
    if different := [name for name in others if alike[name] != alike[first]]:
        raise InputError(
            f"{place}: {different[0]!r} differs from {first!r} in more than train_share and "
            "iterations; expected nets of one curve"
        )


def _without_share(training: Training) -> dict[str, Any]:
    """All of a training but what may differ along a curve."""
    schedule = {"iterations", "validate_every"}
    return training.model_dump(exclude={"data": {"train_share"}, "recipe": schedule})


def _check_backbone(config: Config, figure: Figure, place: str) -> None:
    """Nets below one trunk have the same one."""
    nets = map(config.evaluated_net, figure.experiments)
    backbones = sorted({net.backbone for net in nets if net})
    if len(backbones) > 1:
        raise InputError(f"{place}: of {', '.join(backbones)}; expected nets of one backbone")
