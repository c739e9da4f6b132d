"""What a rehearsal found, in words and tables: for the page, and as Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fcnlib.core.files import atomic_write, write_json
from fcnlib.core.printing import as_markdown_text
from fcnlib.report.job_times import duration
from fcnlib.report.rehearsal import JobsFound, Rehearsal, StoredFound, TrainingFound, rehearsal
from fcnlib.report.specs import RehearsalSpec

AT_ONCE = (1, 2, 4, 8)
NO_RESULT = "A rehearsal trains nothing: no score or time in its tables and figures is a result."


class FoundTable(NamedTuple):
    """A table of what was found, as text; the first column names the row."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def write_rehearsal(spec: Mapping[str, Any], *, content: Path | str, markdown: Path | str) -> None:
    """Write what a rehearsal found.

    Args:
        spec: the values of a `RehearsalSpec`.
        content: the JSON to write, for the page.
        markdown: the text to write, for people.
    """
    found = rehearsal(RehearsalSpec.model_validate(spec), Path(content).parent)
    with atomic_write(Path(markdown)) as temporary:
        temporary.write_text(as_markdown(found), "utf-8")
    write_json(Path(content), found.model_dump(mode="json"))


def as_markdown(found: Rehearsal) -> str:
    """The whole of it."""
    blocks = [f"# Rehearsal of scale {found.scale}: {verdict(found)}", *conclusions(found)]
    for table in tables(found):
        blocks += [f"## {table.title}", _markdown(table)]
    return "\n\n".join(blocks) + "\n"


def _markdown(table: FoundTable) -> str:
    lines = [table.headings, [":--", *["--:"] * (len(table.headings) - 1)]]
    lines += [[as_markdown_text(cell) for cell in row] for row in table.rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def verdict(found: Rehearsal) -> str:
    """Whether the whole run has what it needs, in a word."""
    return "passed" if found.passed else "failed"


def conclusions(found: Rehearsal) -> list[str]:
    """What the numbers mean for the whole run, a sentence or two each."""
    sentences = [NO_RESULT, _of_memory(found), _of_disk(found), _of_time(found)]
    if found.not_rehearsed:
        names = ", ".join(found.not_rehearsed)
        sentences.append(f"Not rehearsed, as no row here has their backbone and streams: {names}.")
    return sentences


def _of_time(found: Rehearsal) -> str:
    """Whose times they are, and how often a training would be out of time on the same device."""
    threads = f", {found.threads} threads" if found.threads else ""
    whose = (
        f"Times are of {found.device}{threads}, beside whatever else ran: they are those of the "
        "whole run only if it runs on the same."
    )
    longest = max(found.trainings, key=lambda each: each.tries or 0, default=None)
    if longest is None or not longest.tries or longest.tries == 1:
        return whose
    return (
        f"{whose} Then {longest.longest} would be done at its try number {longest.tries:,}, as one "
        f"that is out of time is resumed: too many for a cluster's profile with fewer than "
        f"{longest.tries - 1:,} retries (`slurm/config.yaml` has 3)."
    )


def _of_memory(found: Rehearsal) -> str:
    if found.too_large:
        rules = ", ".join(
            f"{jobs.rule} {jobs.peak_mb:,.0f} MB of {jobs.mem_mb:,} MB" for jobs in found.too_large
        )
        start = (
            f"More memory than asked for: {rules}. A cluster ends such jobs: raise their mem_mb in "
            f"scales.{found.scale}.resources."
        )
    else:
        start = "Every job that was measured stayed within the memory that it asks for."
    if found.training_mb is None:
        return start
    several = ", ".join(f"{count * found.training_mb / 1000:.1f} GB" for count in AT_ONCE)
    counts = ", ".join(map(str, AT_ONCE))
    return f"{start} Of the largest training, {counts} at once on one machine take {several}."


def _of_disk(found: Rehearsal) -> str:
    room = "enough" if found.has_disk else "not enough"
    unknown = (
        f" Not counted, as no size is published: {', '.join(found.unknown_archives)}."
        if found.unknown_archives
        else ""
    )
    return (
        f"The whole run takes {found.disk_gb:.1f} GB of the disk, with one training at a time; "
        f"each more at once keeps up to {found.saved_state_gb:.1f} GB to resume from. "
        f"{found.free_gb:.1f} GB are free: {room}.{unknown}"
    )


def tables(found: Rehearsal) -> list[FoundTable]:
    """Memory, time and disk."""
    return [
        FoundTable(
            "Memory and time of the jobs of each rule",
            ["jobs of", "here", "whole run", "peak memory", "asked", "", "longest", "asked"],
            [_jobs(jobs) for jobs in found.jobs],
        ),
        FoundTable(
            "Trainings of the whole run, at the speed measured here",
            ["like", "s an image", "trainings", "together", "longest of them", "takes", "tries"],
            [_training(each) for each in found.trainings if each.trainings],
        ),
        FoundTable(
            "Disk",
            ["what", "here", "by arithmetic", "whole run"],
            [*map(_stored, found.stored), _saved_state(found)],
        ),
    ]


def _jobs(jobs: JobsFound) -> list[str]:
    fits = {True: "pass", False: "FAIL", None: ""}[jobs.fits]
    return [
        jobs.rule,
        str(jobs.jobs),
        str(jobs.whole) if jobs.whole else "",
        f"{jobs.peak_mb:,.0f} MB" if jobs.peak_mb is not None else "",
        f"{jobs.mem_mb:,} MB" if jobs.mem_mb else "",
        fits,
        duration(jobs.seconds),
        duration(60 * jobs.minutes) if jobs.minutes else "",
    ]


def _training(each: TrainingFound) -> list[str]:
    return [
        each.row,
        f"{each.seconds_per_image:.3g}",
        str(each.trainings),
        f"{each.hours:,.1f} h",
        each.longest,
        f"{each.longest_hours:,.1f} h",
        f"{each.tries:,}" if each.tries else "",
    ]


def _stored(each: StoredFound) -> list[str]:
    return [each.what, *(f"{size:,.2f} GB" for size in (each.here, each.expected, each.whole))]


def _saved_state(found: Rehearsal) -> list[str]:
    return ["to resume a training from", "", "", f"{found.saved_state_gb:,.2f} GB"]
