"""The picture of how the packages are built on each other, from their import statements."""

import tomllib
from functools import cache
from html import escape
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import grimp

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
LIBRARY, SYNTHETIC = "fcnlib", "fcn_synthetic"
ROW, GAP, LEFT, BOX, REACH = 34, 10, 1, 250, 150  # pixels: heights, and widths from left to right
COLOURS = ("#4269d0", "#b8860b", "#c0392b", "#2a9d8f", "#7b4fa3", "#8c564b")  # on white and black


class Package(NamedTuple):
    """A package: how many modules it has, and in which layer it is."""

    name: str
    modules: int
    layer: int


def layers() -> list[list[str]]:
    """The packages of each layer, the highest first, by the contract that `lint-imports` checks."""
    contracts = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["id"] == "layers"]
    named = [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]
    return [[SYNTHETIC], *([f"{LIBRARY}.{name}" for name in layer] for layer in named)]


def imports() -> tuple[list[Package], dict[tuple[str, str], int]]:
    """The packages from the highest to the lowest, and how many modules of one import another."""
    graph = grimp.build_graph(LIBRARY, SYNTHETIC, cache_dir=None)
    package_of = {module: _package_of(module) for module in graph.modules}
    packages = [
        Package(name, sum(each == name for each in package_of.values()), number)
        for number, layer in enumerate(layers())
        for name in layer
    ]
    counts: dict[tuple[str, str], int] = {}
    for module, package in package_of.items():
        used = {package_of[each] for each in graph.find_modules_directly_imported_by(module)}
        for other in used - {package}:
            counts[package, other] = counts.get((package, other), 0) + 1
    return packages, counts


@cache
def packages_picture() -> str:
    """The picture as SVG within Markdown; its colours are those of the page."""
    packages, counts = imports()
    rows = {package.name: number for number, package in enumerate(packages)}
    height = len(packages) * (ROW + GAP) + GAP
    text = "; ".join(f"{_label(one)} imports {_label(other)}" for one, other in sorted(counts))
    parts = [
        f'<svg class="packages" viewBox="0 0 {LEFT + BOX + REACH} {height}" role="img" '
        f'aria-label="{escape(text)}" xmlns="http://www.w3.org/2000/svg">',
        *(_band(number, packages) for number in sorted({each.layer for each in packages})),
        *(
            _arc(rows[one], rows[other], count, f"{_label(one)} imports {_label(other)}")
            for (one, other), count in sorted(counts.items(), key=lambda item: -item[1])
        ),
        *(_box(rows[package.name], package) for package in packages),
        "</svg>",
    ]
    return "\n".join(["```{raw} html", *parts, "```"])


def _package_of(module: str) -> str:
    """The package in the picture that a module is of; the library's face is of none below."""
    parts = module.split(".")
    return parts[0] if parts[0] == SYNTHETIC else ".".join(parts[:2])


def _label(package: str) -> str:
    return package.removeprefix(f"{LIBRARY}.")


def _top(row: int) -> int:
    return GAP + row * (ROW + GAP)


def _band(layer: int, packages: list[Package]) -> str:
    """The background of a layer."""
    rows = [row for row, package in enumerate(packages) if package.layer == layer]
    top, bottom = _top(rows[0]) - GAP / 2 + 1, _top(rows[-1]) + ROW + GAP / 2 - 1
    return (
        f'<rect x="{LEFT}" y="{top:g}" width="{BOX}" height="{bottom - top:g}" rx="6" '
        'fill="currentColor" fill-opacity="0.08"/>'
    )


def _box(row: int, package: Package) -> str:
    middle = _top(row) + ROW / 2
    return (
        f'<text x="{LEFT + 12}" y="{middle + 5:g}" font-size="15" font-weight="600" '
        f'fill="{COLOURS[row % len(COLOURS)]}">{_label(package.name)}</text>'
        f'<text x="{LEFT + BOX - 12}" y="{middle + 5:g}" font-size="12" text-anchor="end" '
        f'fill="currentColor">{package.modules} modules</text>'
    )


def _arc(row: int, other: int, count: int, title: str) -> str:
    """A line from a package to one below that it imports, the wider the more modules do."""
    start, end = _top(row) + ROW / 2 + 5, _top(other) + ROW / 2 - 5
    side, radius = LEFT + BOX, abs(end - start) / 2
    across = min(radius, REACH - 12) if radius > ROW else radius
    return (
        f'<path d="M {side} {start:g} A {across:g} {radius:g} 0 0 1 {side} {end:g}" fill="none" '
        f'stroke="{COLOURS[row % len(COLOURS)]}" stroke-opacity="0.75" '
        f'stroke-width="{0.6 + sqrt(count) / 2.5:.1f}"><title>{escape(title)}: {count} modules'
        "</title></path>"
    )
