"""Charts within the page, and the library that draws them: packed, as few readers open them."""

import base64
import gzip
import json
from functools import cache
from pathlib import Path

from fcnlib.core.errors import InputError


def packed_specification(path: Path) -> str:
    """A Vega-Lite specification for the page's charts.js."""
    try:
        return _packed(json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":")))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected a chart as JSON: {error}".split("\n")[0]) from None


@cache
def chart_library() -> str:
    """Vega, Vega-Lite and Vega-Embed for the page's charts.js: a script that sets `vegaEmbed`."""
    import vl_convert  # only where results become a page: machines that train have no such package

    source = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return _packed(f"(() => {{{source}\n}})();")  # its names are its own


def _packed(text: str) -> str:
    """The text as gzip in base64, which no sign of it can end within HTML."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
