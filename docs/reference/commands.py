"""The reference of `fcn`, from the parsers that `fcn --help` prints."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import typer

from fcnlib.cli.main import COMMANDS, app
from reference.markdown import definitions, prose


@cache
def commands_markdown() -> str:
    """A section for each command, in the order of `fcn --help`."""
    group: Any = typer.main.get_command(app)
    top = typer.Context(group, info_name="fcn")
    return "\n\n".join(_section(group.get_command(top, name), name, top) for name in COMMANDS)


def _section(command: Any, name: str, top: typer.Context) -> str:
    context = typer.Context(command, info_name=name, parent=top)
    summary, *rest = command.help.split("\n\n")
    examples = [each.removeprefix("Example: ") for each in rest if each.startswith("Example: ")]
    others = [prose(each) for each in rest if not each.startswith("Example: ")]
    records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(context):
        if parameter.name != "help" and (record := parameter.get_help_record(context)):
            records[parameter.param_type_name].append(record)
    parts = [
        f"## {name}",
        prose(summary),
        _block([f"fcn {name} {' '.join(command.collect_usage_pieces(context))}"]),
        *others,
        _terms(records["argument"]),
        _terms(records["option"]),
        "For example:" if examples else "",
        _block([" ".join(each.split()) for each in examples]) if examples else "",
    ]
    return "\n\n".join(filter(None, parts))


def _block(lines: Iterable[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _terms(records: Iterable[tuple[str, str]]) -> str:
    """What is typed, and what it means."""
    return definitions((f"`{what}`", meaning) for what, meaning in records)
