"""Sphinx extension: the parts of the manual that are made from the code when it is built.

A line `<!-- generated: NAME -->` of a page is replaced by the Markdown of that name.
"""

import re
from typing import TYPE_CHECKING, Any

from reference.commands import commands_markdown
from reference.configuration import configuration_markdown
from reference.packages import packages_picture

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARKDOWN = {
    "commands": commands_markdown,
    "configuration": configuration_markdown,
    "packages": packages_picture,
}


def with_generated(text: str) -> str:
    """The Markdown of a page, with what is generated in the place of the lines that name it."""
    return re.sub(
        r"^<!-- generated: (\w+) -->$", lambda match: MARKDOWN[match[1]](), text, flags=re.M
    )


def _on_source_read(app: "Sphinx", page: str, content: list[str]) -> None:
    content[0] = with_generated(content[0])


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the extension."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True}
