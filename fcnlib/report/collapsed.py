"""Nets that label all test images alike: no result of what was tried, and no ground for a claim."""

from collections.abc import Iterable, Mapping

from fcnlib.evaluation.record import Record


def collapsed(run: Record) -> bool:
    """Whether a net labels all pixels as one class, by the scores of the classes.

    Of several classes that occur, a single one is then ever right. What a net answers to images
    that something was taken away from is a result, whatever it answers.
    """
    data = run.provenance.values.get("data")
    masked = isinstance(data, Mapping) and data.get("test_mask", "none") != "none"
    if run.parameters is None or masked:  # no net, as of an upper bound
        return False
    return any(_one_class(task.get("class_iu")) for task in run.tasks.values())


def _one_class(scores: object) -> bool:
    occurring = [x for x in scores if x is not None] if isinstance(scores, list) else []
    return len(occurring) > 1 and sum(score > 0 for score in occurring) == 1


def collapse_reason(row: str, runs: Iterable[Record]) -> str:
    """What is wrong with a row's runs, as a sentence; nothing if none of them collapsed."""
    seeds = ", ".join(str(run.seed) for run in runs if collapsed(run))
    return f"{row}: collapsed; it labels every pixel as one class (seed {seeds})." if seeds else ""
