"""A job of a run: what it does, in pieces of work, and what it waits for."""

from dataclasses import dataclass
from typing import NamedTuple

from fcnlib.training.workload import Kind, Piece


class Part(NamedTuple):
    """So many pieces of work of a kind."""

    piece: Piece
    of: Kind
    number: float


@dataclass(frozen=True)
class Job:
    """A job of a run: its parts, the jobs that it waits for, and whether it asks for a GPU."""

    rule: str
    name: str
    parts: tuple[Part, ...]
    after: tuple[str, ...] = ()
    gpu: bool = False

    @property
    def id(self) -> str:
        return f"{self.rule}/{self.name}"

    def images(self, piece: Piece) -> float:
        """How many images it trains on ("train"), validates or evaluates."""
        return sum(part.number for part in self.parts if part.piece == piece)
