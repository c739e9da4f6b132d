"""Patterns that the names in files' paths fit."""

import re
from collections.abc import Iterable

# Not all names: Snakemake rewrites a pattern for each file, and there may be a thousand.
NAME = "[A-Za-z0-9_-]+"


def one_of(names: Iterable[str]) -> str:
    """A pattern for these names; for none, one that nothing matches."""
    return "|".join(map(re.escape, names)) or "(?!)"


def none_of(names: Iterable[str]) -> str:
    """A pattern for all names but these, each of a folder."""
    return f"(?!(?:{one_of(names)})/){NAME}"
