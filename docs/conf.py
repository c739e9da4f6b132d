"""The manual: MyST Markdown, built by `make docs`."""

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

project = "The reproducible FCN benchmark"
version = release = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["version"]
author = "the authors of the reproducible FCN benchmark"
copyright = f"2026, {author}"

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
