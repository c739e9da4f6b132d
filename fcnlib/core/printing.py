"""Text for a terminal or a log: names of files from anywhere, whatever characters they hold."""

import io
import json
import logging
import re
import sys
from textwrap import fill

WIDTH = 100  # of lines of text
MARKUP = re.compile(r"[\\`*_\[\]<>|~$&]")  # of Markdown


def printable(text: object) -> str:
    """The text with every character escaped that a terminal obeys, hides or cannot encode."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    """As JSON escapes it, so that JSON stays JSON; DEL is what JSON does not escape."""
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def short(text: object) -> str:
    """The beginning of a foreign name, printable."""
    return printable(str(text)[:100])


def printable_lines(text: object) -> str:
    """The same of a text of several lines, which they stay."""
    return "\n".join(map(printable, str(text).split("\n")))


def wrapped(text: str, indent: int) -> str:
    """The text in lines of at most `WIDTH` characters, all but the first indented, whole words."""
    return fill(
        text,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_markdown_text(text: str) -> str:
    """The text for Markdown, with what it reads as markup escaped."""
    return MARKUP.sub(r"\\\g<0>", text)


class PrintableFormatter(logging.Formatter):
    """Formats log messages so that each is one printable line, before any traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line of a message."""
        return printable(super().formatMessage(record))


def escape_what_cannot_be_printed() -> None:
    """Let stdout and stderr escape what their encoding lacks, where Python would end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
