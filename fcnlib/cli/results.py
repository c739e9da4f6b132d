"""The commands of `fcn` for the results of runs."""

from pathlib import Path
from typing import Annotated

import typer

from fcnlib.cli.options import echo
from fcnlib.core.printing import wrapped
from fcnlib.plan.stored import stored_run
from fcnlib.report.comparison.compare import compare as compare_runs
from fcnlib.report.comparison.page import write_comparison
from fcnlib.report.comparison.runs import read_run
from fcnlib.report.comparison.summary import summary
from fcnlib.report.verification.verify import verify as verify_run


def verify(
    results: Annotated[
        Path, typer.Argument(help="The results folder of a finished run, with its config.json.")
    ],
) -> None:
    """Derive every score and verdict of a run again, and say what does not fit.

    Scores follow from the stored confusion counts, tables and results.csv from the scores, verdicts
    from results.csv and the learning curves, all by the configuration that lies beside them. Each
    line names a file, a place in it, what is there and what was expected; the last one says what
    was checked. The exit status is 1 if anything does not fit.

    What was measured once, as times, and what a training logged cannot be derived again; pictures
    are not plotted again.

    Example: fcn verify results/demo
    """
    done = verify_run(stored_run(results))
    for problem in done.problems:
        echo(problem)
    echo(done.summary())
    if done.problems:
        raise typer.Exit(1)


def compare(
    a: Annotated[Path, typer.Argument(help="A results folder, or a results.csv.")],
    b: Annotated[Path, typer.Argument(help="Another one, such as of a later commit.")],
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write, with all of it; else: a summary.")
    ] = None,
) -> None:
    """Say what differs between two runs: changed claims first, then numbers beyond noise.

    The noise of a number is that of its seeds, where there are several; of one run each, that of
    the test images, if both runs kept counts of the same ones, which says nothing of training;
    else a bound stands in, and is named. Then come rows that one run alone has, values of the
    configuration, versions and machines.

    Example: fcn compare results/demo /mnt/old/results/demo --out diff.html

    Example: fcn compare old.csv results/demo/results.csv
    """
    found = compare_runs(read_run(a), read_run(b))
    if out is None:
        for line in summary(found):
            echo(wrapped(line, 4))
        return
    write_comparison(out, found)
    echo(out)
