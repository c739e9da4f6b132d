"""What jobs cost: their work, times what a piece of it was measured or said to take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from fcnlib.config.schema_base import Frozen, Positive
from fcnlib.core.errors import InputError
from fcnlib.core.files import write_json
from fcnlib.plan.jobs import Job, Part
from fcnlib.report.json_files import read_json
from fcnlib.training.workload import NOTHING, Cost, Kind, Measured, Piece, SceneKind

# Of a synthetic scene: measured once, on a core of an AMD EPYC (2026-11-30), as the library cannot
# render them. 3.5 ms for a window of 96 x 96 pixels.
RENDERING_SECONDS_PER_PIXEL = 3.8e-7


class Probe(Frozen):
    """A file of what was measured, where and when."""

    device: str
    machine: str
    date: str
    steps: Positive
    run: Cost = NOTHING  # of Snakemake itself: planning all jobs
    measured: tuple[Measured, ...]


@dataclass(frozen=True)
class UnitCosts:
    """The cost of each piece of work: measured by a probe, or given by hand."""

    device: str
    measured: Mapping[Kind, Measured] = field(default_factory=dict)
    by_hand: Mapping[Piece, float] = field(default_factory=dict)  # seconds
    run: Cost = NOTHING
    machine: str = ""  # where these were measured, and when; of those given by hand, nothing
    date: str = ""

    @classmethod
    def of(cls, probe: Probe) -> "UnitCosts":
        return cls(
            device=probe.device,
            measured={each.of: each for each in probe.measured},
            run=probe.run,
            machine=probe.machine,
            date=probe.date,
        )

    def of_part(self, part: Part) -> Cost:
        """What the pieces of a part take together; nothing where that is not known."""
        return _times(self._of_piece(part.piece, part.of), part.number)

    def of_job(self, job: Job) -> Cost:
        return total(self.of_part(part) for part in job.parts)

    def memory_mb(self, jobs: Iterable[Job]) -> float | None:
        """The most that any part of these jobs takes; None if none is known."""
        known = [
            found.memory_mb
            for job in jobs
            for part in job.parts
            if (found := self.measured.get(part.of)) and found.memory_mb is not None
        ]
        return max(known, default=None)

    def lacking(self, jobs: Iterable[Job]) -> list[Piece]:
        """The pieces of work that nobody measured or gave, in the order of `Piece`."""
        unknown = {part.piece for job in jobs for part in job.parts if not self._knows(part)}
        return [piece for piece in get_args(Piece) if piece in unknown]

    def _knows(self, part: Part) -> bool:
        if isinstance(part.of, SceneKind) or part.piece in self.by_hand:
            return True
        found = self.measured.get(part.of)
        return found is not None and part.piece in found.costs

    def _of_piece(self, piece: Piece, of: Kind) -> Cost:
        if piece in self.by_hand:
            seconds = self.by_hand[piece]
            return Cost(seconds=seconds, cpu_seconds=seconds)
        if isinstance(of, SceneKind):
            seconds = of.pixels * RENDERING_SECONDS_PER_PIXEL
            return Cost(seconds=seconds, cpu_seconds=seconds)
        found = self.measured.get(of)
        return found.costs.get(piece, NOTHING) if found else NOTHING


def total(costs: Iterable[Cost]) -> Cost:
    """Of all of them."""
    every = list(costs)
    return Cost(
        seconds=sum(cost.seconds for cost in every),
        cpu_seconds=sum(cost.cpu_seconds for cost in every),
    )


def _times(cost: Cost, count: float) -> Cost:
    return Cost(seconds=count * cost.seconds, cpu_seconds=count * cost.cpu_seconds)


def read_probe(path: Path) -> Probe:
    """The content of an earlier probe's file."""
    return read_json(path, Probe, "what fcn estimate --save-probe wrote")


def write_probe(path: Path, probe: Probe) -> None:
    write_json(path, probe.model_dump(mode="json"))


def parse_seconds(texts: Iterable[str]) -> dict[Piece, float]:
    """Seconds by piece, of texts such as train=0.1."""
    found: dict[Piece, float] = {}
    pieces = {str(piece): piece for piece in get_args(Piece)}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            seconds = float(number)
        except ValueError:
            seconds = -1.0
        if name not in pieces or not 0 <= seconds < float("inf"):
            known = ", ".join(pieces)
            raise InputError(
                f"--seconds-per-image: {text!r}; expected such as train=0.1, of: {known}"
            )
        found[pieces[name]] = seconds
    return found
