"""The figures of the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcnlib.report.figures.info import FigureInfo, read_figure_info
from fcnlib.report.page.charts import packed_specification
from fcnlib.report.page.embed import picture_uri
from fcnlib.report.page.links import relative


class Picture(NamedTuple):
    """What a figure shows, its picture as a data URI, and the link to the file."""

    info: FigureInfo
    source: str
    link: str
    narrow: str = ""  # a data URI of the same for a small screen
    explored: str = ""  # the chart that takes its place where there is script

    @property
    def chart(self) -> bool:
        """Whether it is drawn on white, as charts are, and no picture of images."""
        return self.info.image.endswith(".svg")


def read_pictures(infos: Sequence[Path | str], page: Path) -> list[Picture]:
    """The pictures that the `FigureInfo` files describe, each of which lies beside its own."""
    return [_read(Path(path), page) for path in infos]


def _read(path: Path, page: Path) -> Picture:
    info = read_figure_info(path)
    image = path.with_name(info.image)
    explored = packed_specification(path.with_name(info.chart)) if info.chart else ""
    narrow = picture_uri(path.with_name(info.narrow.image)) if info.narrow else ""
    narrow = narrow.replace(" ", "%20")  # which ends an address within a list of them
    return Picture(info, picture_uri(image), relative(image, page), narrow, explored)
