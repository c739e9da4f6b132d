"""`fcn`: the library from the command line."""

import logging
import sys

import typer

from fcnlib.cli.data import check, fetch, hha, prepare
from fcnlib.cli.estimate import estimate
from fcnlib.cli.models import convert, info
from fcnlib.cli.predict import predict, submit
from fcnlib.cli.train import train
from fcnlib.core.errors import InputError
from fcnlib.core.printing import PrintableFormatter, escape_what_cannot_be_printed, printable

app = typer.Typer(
    help="Fully convolutional networks: prepare and check data, train, predict, submit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# In the order of work, which is that of `fcn --help`.
for command in (fetch, prepare, check, hha, estimate, train, convert, predict, submit, info):
    app.command()(command)


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
