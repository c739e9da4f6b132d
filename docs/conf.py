"""The manual: MyST Markdown, built by `make docs`."""

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
sys.path[:0] = [str(Path(__file__).parent), str(PYPROJECT.parent)]

project = "The reproducible FCN benchmark"
version = release = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["version"]
author = "the authors of the reproducible FCN benchmark"
copyright = f"2026, {author}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of other packages are not linked
default_role = "code"  # `this`, in docstrings
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
napoleon_use_rtype = False

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
