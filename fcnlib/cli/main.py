"""`fcn`: the library from the command line."""

import logging
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from fcnlib.core.errors import InputError
from fcnlib.core.printing import PrintableFormatter, escape_what_cannot_be_printed, printable

# The module of fcnlib.cli that has each command, in the order of work, as in `fcn --help`.
COMMANDS = {
    "fetch": "data",
    "prepare": "data",
    "check": "data",
    "hha": "data",
    "estimate": "estimate",
    "train": "train",
    "status": "status",
    "convert": "models",
    "predict": "predict",
    "submit": "predict",
    "info": "models",
    "verify": "results",
    "compare": "results",
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
        module = import_module(f"fcnlib.cli.{COMMANDS[cmd_name]}")
        app.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(app)


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def fcn() -> None:
    """Fully convolutional networks: prepare and check data, train, predict, submit, compare."""


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
