"""The frozen, typed models of config.yaml and the studies: their only schema."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from fcnlib.config.columns import ColumnName
from fcnlib.config.schema_claims import Claim
from fcnlib.config.schema_data import (
    Data,
    Dataset,
    Flag,
    Float,
    FolderDataset,
    Frozen,
    Int,
    Name,
    Positive,
    Share,
    Synthetic,
)
from fcnlib.config.schema_figures import Figure, Section

Preset = Literal["demo", "paper"]
Archives = Literal["synthetic", "published"]
Backbone = Literal["alexnet", "vgg16", "vgg19", "googlenet"]
# The layers that each backbone can be predicted from, coarsest first, and their strides.
STRIDES: dict[str, dict[str, int]] = {
    "alexnet": {"fc7": 32, "pool5": 32, "pool2": 16, "pool1": 8},
    "vgg16": {"fc7": 32, "pool5": 32, "pool4": 16, "pool3": 8},
    "vgg19": {"fc7": 32, "pool5": 32, "pool4": 16, "pool3": 8},
    "googlenet": {
        **{"inception_5b/output": 32, "pool4/3x3_s2": 32},
        **{"pool3/3x3_s2": 16, "pool2/3x3_s2": 8},
    },
}
# The side of the images that each backbone classifies.
WINDOWS = {"alexnet": 227, "vgg16": 224, "vgg19": 224, "googlenet": 224}


class Net(Frozen):
    """One fully convolutional net: every variant is a value of this class; None: as published."""

    backbone: Backbone
    predict_from: tuple[str, ...]
    # Empty: the backbone's classifier; `random`: nothing at all.
    start_from: tuple[str, ...] | Literal["random"] = ()
    skip_scales: tuple[Annotated[Float, Field(gt=0)], ...] | None = None
    width: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    padding: Annotated[int, Field(strict=True, ge=1)] | None = None
    fc6_kernel: Positive | None = None
    dropout: Share | None = None
    input_channels: Positive = 3  # not given in config.yaml: those of the data's inputs
    upsampling: Literal["frozen", "learned"] = "frozen"  # of the skips; the last stays frozen
    fusion: Literal["sum", "max"] = "sum"
    features: Literal["learned", "fixed"] = "learned"
    null_background: Flag = False  # its score is a constant 0
    streams: tuple[Name, ...] = ()  # late fusion: one trunk each

    @property
    def stride(self) -> int:
        """Pixels between the finest scores."""
        return STRIDES[self.backbone][self.predict_from[-1]]

    @model_validator(mode="after")
    def _fits_together(self) -> "Net":
        known = STRIDES[self.backbone]
        strides = [known.get(name, 0) for name in self.predict_from]
        if not strides or 0 in strides or strides != sorted(set(strides), reverse=True):
            wanted = ", ".join(f"{name} ({stride})" for name, stride in known.items())
            raise ValueError(
                "predict_from: expected layers from coarse to fine, each of a finer stride, "
                f"of: {wanted}"
            )
        finer = len(self.predict_from) - 1
        if self.skip_scales is not None and len(self.skip_scales) != finer:
            raise ValueError(f"skip_scales: expected {finer} values, one per finer layer")
        if self.streams and finer:
            raise ValueError("predict_from: expected one layer where there are streams")
        if len(set(self.streams)) < len(self.streams):
            raise ValueError("streams: expected each of them once")
        starts = 0 if self.start_from == "random" else len(self.start_from)
        if starts > 1 and starts != len(self.streams):
            raise ValueError(f"start_from: {starts} nets; expected one, or one for each stream")
        if self.fc6_kernel is not None and self.backbone == "googlenet":
            raise ValueError("fc6_kernel: expected null, as googlenet has no fc6")
        return self


class Recipe(Frozen):
    """One way to optimise; the defaults are those of the released solvers."""

    renamed: ClassVar = {
        "score_rate": "score_lr_multiplier",
        "decay_from": "lr_decay_start",
        "mirror": "horizontal_flip",
        "jitter": "random_shift",
        "keep": "patch_keep_prob",
        "balance": "class_weights",
        "objective": "loss (cross_entropy or sigmoid)",
    }

    learning_rate: Annotated[float, Field(strict=True, gt=0)]
    momentum: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.99
    weight_decay: Annotated[float, Field(strict=True, ge=0)] = 0.0005
    batch_size: Positive = 1  # by accumulation, as images differ in size
    iterations: Positive  # updates; each sees batch_size images
    # Softmax over the classes, or a sigmoid for each (but a null background, which has none).
    loss: Literal["cross_entropy", "sigmoid"] = "cross_entropy"
    reduction: Literal["sum", "mean"] = (
        "sum"  # over an image's pixels; the mean also over the batch
    )
    # What a pixel's loss is multiplied by for its true class: see fcnlib/training/losses.py.
    class_weights: Literal["none", "median-frequency", "inverse-frequency"] = "none"
    # The chance of each cell of the coarsest scores to count in the loss (section 4.4).
    patch_keep_prob: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    score_lr_multiplier: Annotated[float, Field(strict=True, gt=0)] = 1.0  # of score layers
    # New score layers: zero, or Gaussian of deviation .01 as those of Caffe's classifiers.
    score_init: Literal["zero", "random"] = "zero"
    lr_decay_start: Share = 1.0  # from this share of the iterations on, linearly to zero
    horizontal_flip: Flag = False
    random_shift: Annotated[int, Field(strict=True, ge=0)] = 0  # by up to so many pixels each way
    # A loss that is no number any more ends the run with the best snapshot so far; or is an error.
    may_diverge: Flag = False
    validate_every: Positive
    workers: Annotated[int, Field(strict=True, ge=0)] = 0  # processes that read images

    @field_validator("loss", mode="before")
    @classmethod
    def _is_no_reduction(cls, value: Any) -> Any:
        if value in ("sum", "mean"):
            raise ValueError(f"it is now reduction: {value}")
        return value


class Downsampling(Frozen):
    """Perfect labels, downsampled by a factor and back (section 6.3)."""

    factor: Annotated[int, Field(strict=True, ge=1)]


class Timing(Frozen):
    """A way to compute a net's scores, timed on images of random numbers (section 3)."""

    way: Literal["fully-connected", "convolutional", "shift-and-stitch", "dilated"]
    backbone: Backbone
    width: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    side: Annotated[Positive, Field(le=4096)]  # of the images, in pixels
    batch: Annotated[Positive, Field(le=1024)] = 1  # images at once; times are per image
    stride: Positive | None = None  # of the dense map
    runs: Annotated[Positive, Field(le=1000)] = 20
    backward: Flag = False


class ReleasedWeights(Frozen):
    """A file of released weights, and what takes its place where archives are synthetic."""

    renamed: ClassVar = {"written_from": "demo_source"}

    file: str  # of fcnlib/archives/catalogue.py
    # As in `fcn convert --to`.
    to: Annotated[str, Field(pattern=rf"^fcn(32|16|8)s-({'|'.join(get_args(Backbone))})$")]
    # The experiment whose net is written as this file, in its format, where nothing is downloaded.
    demo_source: str


class Row(Frozen):
    """What every experiment is: a row of some tables, maybe with published numbers."""

    renamed: ClassVar = {
        "weights": "released",
        "tested": "evaluate_of",
        "oracle": "upper_bound",
    }

    row: str
    tables: tuple[str, ...]
    rows: dict[Name, str] = {}  # its name in those of the tables where it has another
    paper: dict[ColumnName, Float] = {}  # published: scores in percent, costs in their unit

    def starts(self, archives: Archives) -> tuple[str, ...]:
        """The experiments whose weights this one takes where the archives are such."""
        return ()


class Trained(Row):
    """A net, and how to train it."""

    data: Data
    net: Net
    recipe: Recipe

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return self.net.start_from if self.net.start_from != "random" else ()


class Released(Row):
    """Released weights, scored as they are: nothing is trained."""

    data: Data
    released: ReleasedWeights

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return (self.released.demo_source,) if archives == "synthetic" else ()


class Retested(Row):
    """The net of another experiment, scored on other data: nothing is trained."""

    data: Data
    evaluate_of: str

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return (self.evaluate_of,)


class UpperBound(Row):
    """What predictions of a stride could score at best."""

    data: Data
    upper_bound: Downsampling


class Timed(Row):
    """A way to compute scores, timed."""

    timing: Timing


class PublishedOnly(Row):
    """Others' published numbers."""

    paper: Annotated[dict[ColumnName, Float], Field(min_length=1)]


# The kinds of experiments, told apart by which key stands there.
KINDS: dict[str, type[Row]] = {
    "net": Trained,
    "released": Released,
    "evaluate_of": Retested,
    "upper_bound": UpperBound,
    "timing": Timed,
}
PUBLISHED_ONLY = "paper"


def kind_of(entry: Any) -> str:
    """Which key tells an experiment's kind; `paper` where none does."""
    keys = entry.keys() if isinstance(entry, Mapping) else entry.__class__.model_fields.keys()
    return next((kind for kind in KINDS if kind in keys), PUBLISHED_ONLY)


Experiment = Annotated[
    Annotated[Trained, Tag("net")]
    | Annotated[Released, Tag("released")]
    | Annotated[Retested, Tag("evaluate_of")]
    | Annotated[UpperBound, Tag("upper_bound")]
    | Annotated[Timed, Tag("timing")]
    | Annotated[PublishedOnly, Tag(PUBLISHED_ONLY)],
    Discriminator(kind_of),
]
# Those with a net to score.
Scored = Trained | Released | Retested


class Training(Frozen):
    """Exactly the values that training depends on."""

    data: Data
    net: Net
    recipe: Recipe


class Table(Frozen):
    """Rows beside each other: the experiments that name it, in their order."""

    renamed: ClassVar = {"compete": "highlight_best"}

    title: str
    section: Section = ""
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    note: str = ""
    highlight_best: Flag = True  # rows do the same, so that a column has a best one


class Effort(Frozen):
    """How long a classifier is trained; None: as the others."""

    windows: Positive | None = None
    iterations: Positive | None = None


class Pretraining(Frozen):
    """The classifier that takes ImageNet's place at demo scale."""

    seed: Int = 0
    windows: Positive
    window: Positive
    held_out: Positive
    iterations: Positive
    batch_size: Positive
    learning_rate: Float
    weight_decay: Float
    label_smoothing: Share
    backbones: dict[Backbone, Effort] = {}  # what these take instead


class Scale(Frozen):
    """Which numbers hold, where archives come from, and what all nets and recipes share."""

    renamed: ClassVar = {"like": "preset, and archives beside it"}

    preset: Preset  # which of two values holds: {demo: ..., paper: ...}
    archives: Archives  # and starting weights and released files: made, or downloaded
    net: dict[str, Any] = {}  # values that every net of this scale takes over
    recipe: dict[str, Any] = {}  # values that every recipe of this scale takes over
    # In pixels, of the image that times are of; None: the first image's own.
    forward_side: Annotated[Int, Field(ge=32, le=4096)] | None = None
    train: dict[Literal["mem_mb", "runtime"], Int] = {}  # what a training job asks a cluster for
    tables: tuple[str, ...] | None = None  # only these tables; none named: all


class Config(Frozen):
    """The configuration of one scale, with every recipe, base and scale value filled in."""

    renamed: ClassVar = {"drawn": "synthetic", "archives": "archive_folder"}

    scale: str
    studies: str | None = None  # the folder of the studies; None: they stand here already
    archive_folder: Path | None = None  # a folder with archives that are here already
    # Not strict: Snakemake's `--config seeds=[0,1]` hands over text.
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    scales: dict[Name, Scale]
    synthetic: Synthetic
    pretraining: Pretraining
    weights: dict[Backbone, str]
    datasets: dict[Name, Dataset]
    recipes: dict[str, dict[str, Any]]
    tables: dict[Name, Table]
    figures: dict[Name, Figure]
    experiments: dict[Name, Experiment]
    claims: dict[Name, Claim] = {}

    @property
    def preset(self) -> Preset:
        """Which numbers hold at this scale."""
        return self.scales[self.scale].preset

    @property
    def archives(self) -> Archives:
        """Where archives, starting weights and released files of this scale come from."""
        return self.scales[self.scale].archives

    def scales_with(self, archives: Archives) -> list[str]:
        """The names of the scales whose archives are such."""
        return [name for name, scale in self.scales.items() if scale.archives == archives]

    def dataset(self, name: str) -> Dataset:
        """A data set as its converter is handed it: the published counts are of published archives.

        Synthetic images of NYUDv2 are smaller than its camera's.
        """
        dataset = self.datasets[name]
        if isinstance(dataset, FolderDataset) or self.archives == "published":
            return dataset
        reduced = self.synthetic.rooms.reduced if dataset.converter == "nyudv2" else 1
        return dataset.model_copy(update={"counts": {}, "reduced": reduced})

    def classifier(self, backbone: str) -> dict[str, Any]:
        """The size of this scale's pre-trained classifier."""
        net = self.scales[self.scale].net
        kernel = None if backbone == "googlenet" else net.get("fc6_kernel")
        return {"width": net.get("width", 1.0), "fc6_kernel": kernel}

    def pretraining_of(self, backbone: Backbone) -> Pretraining:
        """How this backbone's classifier is trained, without the values of others."""
        own = self.pretraining.backbones.get(backbone, Effort()).model_dump(exclude_none=True)
        return self.pretraining.model_copy(update={**own, "backbones": {}})

    def evaluated_net(self, experiment: str) -> Net | None:
        """The values of the net that an experiment trains or evaluates, where it is ours."""
        entry = self.experiments[experiment]
        if isinstance(entry, Retested):
            entry = self.experiments[entry.evaluate_of]
        return entry.net if isinstance(entry, Trained) else None

    def training(self, experiment: str) -> Training:
        """The slice that training depends on; only for entries with a net."""
        entry = self.experiments[experiment]
        return Training.model_validate(entry.model_dump(include={"data", "net", "recipe"}))
