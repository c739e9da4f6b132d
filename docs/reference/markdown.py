"""Pieces of Markdown that the generated parts are made of."""

import re
from collections.abc import Iterable


def prose(text: str) -> str:
    """A text as Markdown, in which `*`, `<`, `[` and `_` are themselves outside of code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([*<\[\]_])", r"\\\1", part) for part in parts
    )


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """A definition list of terms, which are Markdown, and their meanings, which are text."""
    return "\n\n".join(f"{term}\n: {prose(meaning)}" for term, meaning in pairs)
