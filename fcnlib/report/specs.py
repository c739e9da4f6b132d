"""What each table and figure of the page shows, decided before anything is measured."""

from collections.abc import Mapping
from typing import Literal

from fcnlib.config.columns import ColumnName
from fcnlib.config.schema_base import Frozen, Origin
from fcnlib.config.schema_data import Mask
from fcnlib.config.schema_experiments import Downsampling
from fcnlib.config.schema_figures import SHEET_PARTS, Against, SheetPart
from fcnlib.config.schema_nets import Net

# Whose images the numbers of a table are of; `none` where no image was labelled.
Images = Origin | Literal["none"]


class Part(Frozen):
    """How many of the experiments and tables of a list were run."""

    rows: int
    of_rows: int
    tables: int
    of_tables: int


class NetSpec(Frozen):
    """An experiment and its name in the table."""

    experiment: str
    row: str
    # The images that the scored snapshot was picked on; a bound has no snapshots.
    picked_on: Literal["test", "training", "validation"] | None = None
    tasks: tuple[str, ...] = ()  # of a net, the first of them leading
    mask: Mask = "none"  # what its input lacks
    # Among the scored rows of its table, whose charts all give it the style of this position;
    # None: its position among the nets of the figure.
    position: int | None = None


class RowSpec(NetSpec):
    """One row of a table; `paper` holds published values in the columns' units."""

    paper: Mapping[ColumnName, float] = {}
    upper_bound: Downsampling | None = None
    stride: int | None = None  # of a net
    released: str = ""  # the file of weights that it is of
    base: str = ""  # the experiment that it is told apart from


class TableSpec(Frozen):
    """A table: its heading, its columns, its rows."""

    name: str
    title: str
    section: str = ""  # of the paper
    columns: tuple[ColumnName, ...]
    note: str = ""
    highlight_best: bool = True
    images: Images
    rows: tuple[RowSpec, ...]


class TableFigureSpec(Frozen):
    """Nets of one table, in a chart of that table: curves or class IU."""

    table: str
    images_of: Images = "none"
    nets: tuple[NetSpec, ...]


class ExamplesSpec(TableFigureSpec):
    """Nets of one table side by side on some images, a few in a picture and more on the page."""

    seed: int  # of the runs whose predictions are shown
    images: int = 25  # of the page, at most
    megabytes: float = 1.8  # of the page that these may take


class FigureSpec(Frozen):
    """A figure of no table."""

    name: str
    title: str
    section: str = ""  # of the paper
    images_of: Images = "none"


class ChartSpec(FigureSpec):
    """A chart of some rows, with their published values: gaps, or momentum."""

    rows: tuple[RowSpec, ...]


class LossesSpec(FigureSpec):
    """Nets, and what their losses are plotted against, a panel each."""

    against: tuple[Against, ...]
    nets: tuple[NetSpec, ...]


class ShareSpec(NetSpec):
    """A net that is trained on a share of the images."""

    train: str  # the split
    train_share: float


class LearningCurveSpec(FigureSpec):
    """Nets that differ in the share of the images that they are trained on."""

    nets: tuple[ShareSpec, ...]


class ComparisonSpec(FigureSpec):
    """Nets side by side on the same images, and the columns from left to right."""

    nets: tuple[NetSpec, ...]
    seed: int  # of the runs whose predictions are shown
    images: int
    columns: tuple[SheetPart, ...] = SHEET_PARTS
    note: str = ""


class NamedNet(Frozen):
    """A net's values, and its name in the table."""

    row: str
    net: Net


class ArchitectureSpec(FigureSpec):
    """Nets of one backbone, and the side in pixels of the image whose maps are listed."""

    nets: tuple[NamedNet, ...]
    side: int


class TableTitle(Frozen):
    """A table by its name and title."""

    name: str
    title: str


class AblationSpec(FigureSpec):
    """The tables whose rows are plotted below each other."""

    tables: tuple[TableTitle, ...]


class JobsSpec(Frozen):
    """The jobs of a rule: what was measured, what they ask for, how many a whole run has."""

    rule: str
    benchmarks: tuple[str, ...]
    mem_mb: int | None  # None: they ask for nothing
    minutes: int | None
    whole: int


class WholeTraining(Frozen):
    """A training of the whole run, of a net like one that was rehearsed."""

    row: str
    learnt: int  # images
    validated: int
    seeds: int


class TrainingSpec(Frozen):
    """A rehearsed training, its files, and those of the whole run that cost as much an image."""

    row: str
    curve: str
    metrics: str
    whole: tuple[WholeTraining, ...]


class StoredSpec(Frozen):
    """Files of one kind, with their bytes by arithmetic: of the rehearsal and of the whole run."""

    what: str
    places: tuple[str, ...]  # of the rehearsal: files and folders
    here: float
    whole: float


class RehearsalSpec(Frozen):
    """What a rehearsal is held against: the requests and the size of the run that it rehearses."""

    scale: str  # that is rehearsed
    jobs: tuple[JobsSpec, ...]
    trainings: tuple[TrainingSpec, ...]
    not_rehearsed: tuple[str, ...]  # trainings of the whole run that no row here is like
    stored: tuple[StoredSpec, ...]
    saved_state: float  # bytes of a training's, at most, while it runs
    unknown_archives: tuple[str, ...]  # of which no size is published
