"""Which rows a budget pays for: those that decide the most claims for their cost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fcnlib.config.schema_claims import Claim
from fcnlib.core.errors import InputError


@dataclass(frozen=True)
class Bought:
    """A claim that a budget decides, the rows that it adds, and the seconds that these take."""

    claim: str
    rows: tuple[str, ...]
    also: tuple[str, ...]  # other claims that these rows decide
    seconds: float


def claimed_rows(claims: Mapping[str, Claim], known: Collection[str]) -> dict[str, list[str]]:
    """The measured rows that each claim needs; of claims that numbers of a run decide alone.

    A claim is left out where a row that it needs is not `known`.
    """
    found = {}
    for name, claim in claims.items():
        if claim.holds is None:
            continue
        places = [*claim.numbers.values(), *claim.reached.values()]
        rows = list(dict.fromkeys(place.experiment for place in places))
        if all(row in known for row in rows):
            found[name] = rows
    return found


def buy(
    rows: Mapping[str, Collection[str]],
    jobs: Mapping[str, Collection[str]],
    seconds: Mapping[str, float],
    budget: float,
) -> list[Bought]:
    """The claims that a budget decides, in the order of claims decided per second.

    Greedy: again and again the claim is taken whose rows, with all that they start from, decide
    the most claims for what they add, as long as that is paid for.

    Args:
        rows: The rows that each claim needs.
        jobs: The jobs of each row and of all that it waits for.
        seconds: What each job takes.
        budget: Seconds that all jobs together may take.

    Raises:
        InputError: It pays for no claim.
    """
    needs = {claim: {job for row in each for job in jobs[row]} for claim, each in rows.items()}
    bought: list[Bought] = []
    done: set[str] = set()
    open_claims = dict.fromkeys(needs)
    while open_claims:
        spent = sum(seconds[job] for job in done)
        prices = {c: sum(seconds[job] for job in needs[c] - done) for c in open_claims}
        affordable = [claim for claim in open_claims if spent + prices[claim] <= budget]
        if not affordable:
            break

        def decided(claim: str) -> list[str]:
            have = done | needs[claim]
            return [other for other in open_claims if needs[other] <= have]

        def rate(claim: str) -> float:
            price = prices[claim]
            return len(decided(claim)) / price if price else float("inf")

        best = max(affordable, key=rate)
        also = tuple(claim for claim in decided(best) if claim != best)
        taken = {row for each in bought for row in each.rows}
        new = dict.fromkeys(row for claim in (best, *also) for row in rows[claim])
        added = tuple(row for row in new if row not in taken)
        bought.append(Bought(best, added, also, prices[best]))
        done |= needs[best]
        for claim in (best, *also):
            del open_claims[claim]
    if needs and not bought:
        cheapest = min(needs, key=lambda claim: sum(seconds[job] for job in needs[claim]))
        least = sum(seconds[job] for job in needs[cheapest]) / 3600
        raise InputError(
            f"--budget: {budget / 3600:g} h; expected {least:.3g} h or more, as claim "
            f"{cheapest!r}, the cheapest to decide, takes"
        )
    return bought
