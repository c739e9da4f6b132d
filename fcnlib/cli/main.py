"""`fcn`: the library from the command line."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from fcnlib.core.errors import InputError
from fcnlib.core.printing import PrintableFormatter, escape_what_cannot_be_printed, printable

Functions = dict[str, Callable[..., None]]


def _of_machine() -> Functions:
    from fcnlib.cli.doctor import doctor

    return {"doctor": doctor}


def _of_data() -> Functions:
    from fcnlib.cli.data import check, fetch, hha, prepare

    return {"fetch": fetch, "prepare": prepare, "check": check, "hha": hha}


def _of_own_images() -> Functions:
    from fcnlib.cli.init import init

    return {"init": init}


def _of_costs() -> Functions:
    from fcnlib.cli.estimate import estimate

    return {"estimate": estimate}


def _of_training() -> Functions:
    from fcnlib.cli.train import train

    return {"train": train}


def _of_runs() -> Functions:
    from fcnlib.cli.status import status

    return {"status": status}


def _of_models() -> Functions:
    from fcnlib.cli.models import convert, info

    return {"convert": convert, "info": info}


def _of_images() -> Functions:
    from fcnlib.cli.predict import predict, submit

    return {"predict": predict, "submit": submit}


def _of_scores() -> Functions:
    from fcnlib.cli.evaluate import evaluate

    return {"evaluate": evaluate}


def _of_results() -> Functions:
    from fcnlib.cli.results import compare, verify

    return {"verify": verify, "compare": compare}


# Where each command comes from, in the order of work, which is that of `fcn --help`.
COMMANDS = {
    "doctor": _of_machine,
    "init": _of_own_images,
    "fetch": _of_data,
    "prepare": _of_data,
    "check": _of_data,
    "hha": _of_data,
    "estimate": _of_costs,
    "train": _of_training,
    "status": _of_runs,
    "convert": _of_models,
    "predict": _of_images,
    "evaluate": _of_scores,
    "submit": _of_images,
    "info": _of_models,
    "verify": _of_results,
    "compare": _of_results,
}


class Commands(TyperGroup):
    """The commands, each imported when it is asked for: PyTorch alone takes two seconds."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**{**values, "commands": dict.fromkeys(COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(cmd_name)(COMMANDS[cmd_name]()[cmd_name])
        return typer.main.get_command(app)


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def fcn() -> None:
    """Fully convolutional networks: prepare and check data, train, predict, evaluate, compare."""


def main() -> None:
    """Run `fcn`; a user's mistake ends in one line."""
    escape_what_cannot_be_printed()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        app()
    except (InputError, OSError, UnicodeEncodeError) as error:
        sys.exit(f"error: {printable(error)}")
