"""Templates of HTML pages, with the styles that they share."""

import html
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fcnlib.report.job_times import duration

TEMPLATES = Path(__file__).parent / "templates"


def template_environment(*folders: Path) -> Environment:
    """The templates of this folder and of others, which come first.

    Every value is escaped, and a name that a template lacks is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["code"] = as_code
    environment.filters["duration"] = duration
    environment.globals["source"] = source
    return environment


def source(name: str) -> Markup:
    """A style or a script as it is: braces mean nothing to Jinja there."""
    return Markup((TEMPLATES / name).read_text("utf-8").rstrip("\n"))


def as_code(text: str) -> Markup:
    """The text as HTML, with `backticks` set as code, as Markdown does."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False)))
