"""Which claims a budget decides: a greedy choice of those that decide the most for their cost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import fsum  # the same in any order of a set

from fcnlib.config.schema_claims import Claim
from fcnlib.core.errors import InputError
from fcnlib.core.units import HOUR


@dataclass(frozen=True)
class SelectedClaim:
    """A claim to decide, the rows that it adds to those before it, and the seconds of these."""

    claim: str
    rows: tuple[str, ...]
    also: tuple[str, ...]  # other claims that these rows decide
    seconds: float


def claimed_rows(claims: Mapping[str, Claim], known: Collection[str]) -> dict[str, list[str]]:
    """The rows that each claim reads, others' published ones too; of claims that a run decides.

    A claim is left out where a row that it needs is not `known`.
    """
    found = {}
    for name, claim in claims.items():
        if claim.holds is None:
            continue
        places = [*claim.numbers.values(), *claim.published.values()]
        of_numbers = [place.experiment for place in places]
        of_trainings = [reached.experiment for reached in claim.reached.values()]
        rows = list(dict.fromkeys([*of_numbers, *of_trainings]))
        if all(row in known for row in rows):
            found[name] = rows
    return found


def select_claims(
    rows: Mapping[str, Collection[str]],
    jobs: Mapping[str, Collection[str]],
    seconds: Mapping[str, float],
    budget: float,
) -> list[SelectedClaim]:
    """The claims that a budget decides, those that come first deciding the most per second.

    Greedy: each time that claim is taken, of those within the budget, whose rows, with all that
    they start from, decide the most claims for the time that they add.

    Args:
        rows: The rows that each claim needs.
        jobs: The jobs of each row and of all that it waits for.
        seconds: What each job takes.
        budget: Seconds that all jobs together may take.

    Raises:
        InputError: It pays for no claim.
    """
    needs = {claim: {job for row in each for job in jobs[row]} for claim, each in rows.items()}
    selected: list[SelectedClaim] = []
    done: set[str] = set()
    undecided = dict(needs)
    while undecided:
        spent = fsum(seconds[job] for job in done)
        candidates = [_candidate(claim, undecided, done, seconds) for claim in undecided]
        affordable = [candidate for candidate in candidates if spent + candidate.seconds <= budget]
        if not affordable:
            break
        best = max(affordable, key=_claims_per_second)
        taken = {row for each in selected for row in each.rows}
        new = dict.fromkeys(row for claim in (best.claim, *best.also) for row in rows[claim])
        selected.append(replace(best, rows=tuple(row for row in new if row not in taken)))
        done |= needs[best.claim]
        for claim in (best.claim, *best.also):
            del undecided[claim]
    if needs and not selected:
        cheapest = min(needs, key=lambda claim: fsum(seconds[job] for job in needs[claim]))
        least = fsum(seconds[job] for job in needs[cheapest]) / HOUR
        raise InputError(
            f"--budget: {budget / HOUR:g} h; expected {least:.3g} h or more, which claim "
            f"{cheapest!r} takes, the cheapest to decide"
        )
    return selected


def _candidate(
    claim: str,
    undecided: Mapping[str, Collection[str]],
    done: Collection[str],
    seconds: Mapping[str, float],
) -> SelectedClaim:
    """What deciding a claim adds to the jobs that are done, and which others that decides."""
    have = {*done, *undecided[claim]}
    also = tuple(other for other, need in undecided.items() if other != claim and have >= set(need))
    added = fsum(seconds[job] for job in undecided[claim] if job not in done)
    return SelectedClaim(claim, (), also, added)


def _claims_per_second(candidate: SelectedClaim) -> float:
    return (1 + len(candidate.also)) / candidate.seconds if candidate.seconds else float("inf")
