"""A table of text as Markdown to paste and as LaTeX to include."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from fcnlib.core.printing import as_markdown_text

CODE = re.compile(r"`([^`]+)`")


class TextTable(NamedTuple):
    """What people read: a heading and a column of cells each, the rows' names first."""

    headings: list[str]
    cells: pd.DataFrame  # of text, [row][column by position]
    best: pd.DataFrame  # of booleans, alike


def as_markdown(title: str, table: TextTable, note: str) -> str:
    """The table with its title above and its note below, the best numbers in bold."""
    cells = table.cells.map(as_markdown_text)
    cells = cells.mask(table.best, "**" + cells + "**")
    lines = [
        _markdown_row(map(as_markdown_text, table.headings)),
        _markdown_row([":--", *["--:"] * (len(table.headings) - 1)]),
        *map(_markdown_row, cells.to_numpy().tolist()),
    ]
    # Between backticks is code.
    parts = [
        as_markdown_text(x) if i % 2 == 0 else f"`{x}`" for i, x in enumerate(CODE.split(note))
    ]
    return "\n".join([f"**{as_markdown_text(title)}**", "", *lines, "", "".join(parts), ""])


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


LATEX = r"""% Needs \usepackage{{booktabs}}.
\begin{{table}}
\centering
\caption{{{title}}}
\label{{tab:{name}}}
{tabular}
\par\smallskip\footnotesize {note}
\end{{table}}
"""
# What LaTeX reads as commands, and the signs that its fonts may lack.
ESCAPES = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[*"},  # an argument of the line end before them
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MINUS SIGN}": "$-$",
    "\N{DAGGER}": r"\dag{}",
    "\N{DOUBLE DAGGER}": r"\ddag{}",
    "\N{EN DASH}": "--",
}


def escaped(text: str) -> str:
    """The text for LaTeX, with its special characters escaped."""
    return "".join(ESCAPES.get(sign, sign) for sign in text)


def as_latex(name: str, title: str, table: TextTable, note: str) -> str:
    """The table for LaTeX with booktabs, the best numbers in bold; `name` is its label's."""
    cells = table.cells.map(escaped)
    cells = cells.mask(table.best, r"\textbf{" + cells + "}")
    tabular = cells.to_latex(
        index=False,
        header=[escaped(heading) for heading in table.headings],
        escape=False,
        column_format="l" + "r" * (len(table.headings) - 1),
    )
    code = CODE.sub(r"\\texttt{\1}", escaped(note))
    return LATEX.format(title=escaped(title), name=name, tabular=tabular.strip(), note=code)
