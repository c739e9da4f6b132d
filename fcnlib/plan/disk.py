"""What a run takes of the disk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.plan.data_sizes import dataset_bytes
from fcnlib.plan.work import Work
from fcnlib.training.workload import NetKind

# A training's saved state holds the net, the optimizer's velocities and the best net so far.
SAVED_STATE = 3


@dataclass(frozen=True)
class Disk:
    """Bytes by what they hold; `unknown` are archives whose size nobody publishes."""

    parts: Mapping[str, float]
    unknown: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


def disk(work: Work, at_once: int, bytes_of: Callable[[NetKind], int]) -> Disk:
    """The bytes of a run at their peak.

    Args:
        work: The run.
        at_once: How many trainings run beside each other: each keeps a saved state.
        bytes_of: The bytes of a net's weights.
    """
    targets, config = work.targets, work.targets.config
    archives = {name: ARCHIVES[name].likely_size for name in targets.published_archives}
    prepared = sum(
        dataset_bytes(entry, work.sizes[name]) for name, entry in config.datasets.items()
    )
    nets = {name: row_bytes(work, name, bytes_of) for name in targets.nets}
    states = [SAVED_STATE * bytes_of(work.net_kind(name)) for name in targets.trained]
    of_backbones = {
        trained.net.backbone: bytes_of(work.net_kind(name))
        for name, trained in targets.trained.items()
        if trained.net.start_from == ()
    }
    synthetic = config.archives == "synthetic"
    made = [e for e in config.datasets.values() if isinstance(e, ArchiveDataset) and synthetic]
    parts = {
        "archives": sum(size for size in archives.values() if size) + (prepared if made else 0),
        "prepared data": prepared,
        "starting weights": float(sum(of_backbones.values())),
        "checkpoints": float(sum(nets.values())),
        "saved states": float(sum(sorted(states, reverse=True)[:at_once])),
    }
    return Disk(parts, tuple(name for name, size in archives.items() if size is None))


def row_bytes(work: Work, experiment: str, bytes_of: Callable[[NetKind], int]) -> float:
    """The checkpoints of a row with all its seeds, and its released file if that is made here."""
    targets = work.targets
    if experiment not in targets.nets:
        return 0.0
    written = experiment in targets.released and targets.config.archives == "synthetic"
    files = len(targets.seeds_of(experiment)) + written
    return float(files * bytes_of(work.net_kind(experiment)))
