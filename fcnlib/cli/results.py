"""The commands of `fcn` for the results of runs."""

from pathlib import Path
from typing import Annotated

import typer

from fcnlib.cli.options import echo
from fcnlib.plan.stored import stored_run
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
