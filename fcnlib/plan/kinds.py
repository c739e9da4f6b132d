"""The kinds of nets, data and jobs that a run has, and as few rows as have them all."""

from fcnlib.config.overlays import needed
from fcnlib.config.restrict import only_rows
from fcnlib.config.schema import OF_EACH_KIND, Config
from fcnlib.config.schema_experiments import (
    Released,
    Retested,
    Scored,
    Timed,
    Trained,
    UpperBound,
)
from fcnlib.plan.targets import Targets


def planned(config: Config) -> Config:
    """The configuration with the rows that are run, where `rows` leaves them to be chosen."""
    return config if config.rows != OF_EACH_KIND else only_rows(config, of_each_kind(config))


def of_each_kind(config: Config) -> list[str]:
    """Rows that have every kind, in their order: of the rarest kinds first, the cheapest row."""
    rows_of: dict[str, list[str]] = {}
    for name in config.experiments:
        for kind in kinds(config, name):
            rows_of.setdefault(kind, []).append(name)
    chosen: set[str] = set()
    for rows in sorted(rows_of.values(), key=len):
        if not needed(config, chosen).intersection(rows):
            chosen.add(min(rows, key=lambda row: len(needed(config, {*chosen, row}))))
    return [name for name in config.experiments if name in chosen]


def kinds(config: Config, experiment: str) -> list[str]:
    """What of a row's jobs may fail where those of other rows do not."""
    entry = config.experiments[experiment]
    found = []
    if isinstance(entry, Scored):
        found.append(f"data {entry.data.dataset}")
        found += ["submission"] if experiment in Targets(config).submitted else []
    match entry:
        case Trained():
            found += _of_training(entry)
        case Released():
            found.append("released weights")
        case Retested():
            found.append("another row's net")
        case UpperBound():
            found.append("upper bound")
        case Timed():
            found.append(f"timing, {entry.timing.way}")
    return found


def _of_training(entry: Trained) -> list[str]:
    net, data = entry.net, entry.data
    fusion = "late fusion of" if net.streams else "inputs"
    found = [f"backbone {net.backbone}", f"{fusion} {', '.join(data.inputs)}"]
    if len(net.predict_from) > 1:
        found.append("skips in stages" if net.start_from else "skips at once")
    if len(data.tasks) > 1:
        found.append(f"{len(data.tasks)} tasks")
    if data.train_mask != "none":
        found.append("masked images")
    return found
