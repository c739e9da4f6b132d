"""What jobs ask for: memory and minutes, threads, and which of them are one job of a cluster."""

from collections.abc import Callable, Sequence
from typing import Any

from fcnlib.config.schema import Config
from fcnlib.config.schema_resources import RuleName

SHORT_MINUTES = 60


def resources_of(config: Config, rule: RuleName) -> dict[str, int | Callable[..., int]]:
    """What a rule's jobs ask for: half as much more memory on each retry, and no more time."""
    asked = config.resources(rule)
    if asked is None:
        return {}

    def mem_mb(wildcards: Any, attempt: int) -> int:
        # Not less than a megabyte: Slurm takes none for all that a node has.
        return asked.mem_mb * (attempt + 1) // 2

    return {"mem_mb": mem_mb, "runtime": asked.runtime}


def are_short(config: Config, rules: Sequence[RuleName]) -> bool:
    """Whether a job of each of these rules asks for an hour in all, or for less."""
    asked = [config.resources(rule) for rule in rules]
    minutes = [each.runtime for each in asked if each]
    return len(minutes) == len(rules) and sum(minutes) <= SHORT_MINUTES


def threads_up_to(threads: int, *, cores: int | None) -> int:
    """So many threads, but at most half the cores, as what needs all waits for all to be idle.

    Args:
        threads: What a job can use.
        cores: Of the machine that all jobs share; None: each job has its own.
    """
    return threads if cores is None else max(1, min(threads, cores // 2))
