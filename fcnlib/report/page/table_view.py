"""All that the page shows of a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.report.page.browser import Browser
from fcnlib.report.page.chance import ChanceTable
from fcnlib.report.page.confusion import ConfusionTable
from fcnlib.report.page.links import relative
from fcnlib.report.page.pictures import Picture
from fcnlib.report.page.score_table import CostTable, ScoreTable

# The figures that few readers need, by their kind: the others stand below the table.
MORE = {
    "curves": "Learning curves",
    "class_iu": "IU by class",
    "examples": "Examples, worst to best",
}


class TableFiles(NamedTuple):
    """Links to a table's own files."""

    csv: str
    markdown: str
    latex: str


class TableView(NamedTuple):
    """A table with its figures, and with what is to be opened below it."""

    scores: ScoreTable
    costs: CostTable
    files: TableFiles
    figures: list[Picture]
    more: list[tuple[str, str, Picture]]  # to be opened: kind and title
    browser: Browser | None
    confusion: ConfusionTable
    chance: ChanceTable | None


def table_files(csv: Path | str, page: Path) -> TableFiles:
    """The links to a table's CSV, and to what lies beside it."""
    suffixes = (".csv", ".md", ".tex")
    return TableFiles(*(relative(Path(csv).with_suffix(suffix), page) for suffix in suffixes))


def below(pictures: Sequence[Picture]) -> list[Picture]:
    """Of the figures of a table, those that stand below it."""
    return [item for item in pictures if item.info.kind not in MORE]


def to_open(pictures: Sequence[Picture]) -> list[tuple[str, str, Picture]]:
    """Those that are to be opened, with their kind and title."""
    return [
        (kind, title, item)
        for kind, title in MORE.items()
        for item in pictures
        if item.info.kind == kind
    ]
