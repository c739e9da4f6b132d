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

    backbone: Backbone = Field(description="The classifier that the net is made from.")
    predict_from: tuple[str, ...] = Field(description="Layers to predict from, coarsest first.")
    start_from: tuple[str, ...] | Literal["random"] = Field(
        (),
        description=(
            "Experiments whose weights the net starts from, one or one per stream; none: "
            "the backbone's classifier; random: nothing."
        ),
    )
    skip_scales: tuple[Annotated[Float, Field(gt=0)], ...] | None = Field(
        None,
        description=(
            "What the features of each finer layer are multiplied by; null: 1, as published."
        ),
    )
    width: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        1.0, description="The share of the published channels."
    )
    padding: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="Pixels around the image; null: as published."
    )
    fc6_kernel: Positive | None = Field(None, description="Side of fc6; null: as published.")
    dropout: Share | None = Field(None, description="Its probability; null: as published.")
    input_channels: Positive = Field(3, description="Set by the data's inputs.")
    upsampling: Literal["frozen", "learned"] = Field(
        "frozen", description="Of the skips; the last one stays frozen."
    )
    fusion: Literal["sum", "max"] = Field(
        "sum", description="How coarse and finer scores are joined."
    )
    features: Literal["learned", "fixed"] = Field(
        "learned", description="Whether all layers are trained, or the score layers alone."
    )
    null_background: Flag = Field(
        False, description="Whether the score of background is a constant 0."
    )
    streams: tuple[Name, ...] = Field((), description="Late fusion: the name of each trunk.")

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

    learning_rate: Annotated[float, Field(strict=True, gt=0)] = Field(
        description="Of the weights; biases have twice that."
    )
    momentum: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(0.99, description="Of SGD.")
    weight_decay: Annotated[float, Field(strict=True, ge=0)] = Field(
        0.0005, description="Of the weights alone."
    )
    batch_size: Positive = Field(
        1, description="Images of an update, by accumulation, as they differ in size."
    )
    iterations: Positive = Field(description="Updates.")
    loss: Literal["cross_entropy", "sigmoid"] = Field(
        "cross_entropy",
        description="Cross entropy of the softmax over the classes, or of a sigmoid for each.",
    )
    reduction: Literal["sum", "mean"] = Field(
        "sum", description="Over an image's pixels; mean: also over the batch."
    )
    class_weights: Literal["none", "median-frequency", "inverse-frequency"] = Field(
        "none",
        description=(
            "What a pixel's loss is multiplied by for its true class (fcnlib/training/losses.py)."
        ),
    )
    patch_keep_prob: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        1.0,
        description=(
            "The probability of each cell of the coarsest scores to count in the loss "
            "(section 4.4)."
        ),
    )
    score_lr_multiplier: Annotated[float, Field(strict=True, gt=0)] = Field(
        1.0, description="What the learning rate of score layers is multiplied by."
    )
    score_init: Literal["zero", "random"] = Field(
        "zero",
        description=(
            "Score layers start at zero, or Gaussian of deviation .01 as those of Caffe's "
            "classifiers."
        ),
    )
    lr_decay_start: Share = Field(
        1.0, description="From this share of the iterations on the rate falls linearly to zero."
    )
    horizontal_flip: Flag = Field(False, description="Whether images are flipped at random.")
    random_shift: Annotated[int, Field(strict=True, ge=0)] = Field(
        0, description="Up to so many pixels each way."
    )
    may_diverge: Flag = Field(
        False,
        description=(
            "A loss that is not finite ends the run with its best snapshot; otherwise it is "
            "an error."
        ),
    )
    validate_every: Positive = Field(description="Iterations between validations.")
    workers: Annotated[int, Field(strict=True, ge=0)] = Field(
        0, description="Processes that read images."
    )

    @field_validator("loss", mode="before")
    @classmethod
    def _is_no_reduction(cls, value: Any) -> Any:
        if value in ("sum", "mean"):
            raise ValueError(f"it is now reduction: {value}")
        return value


class Downsampling(Frozen):
    """Perfect labels, downsampled by a factor and back (section 6.3)."""

    factor: Annotated[int, Field(strict=True, ge=1)] = Field(
        description="Of labels, down and up again."
    )


class Timing(Frozen):
    """A way to compute a net's scores, timed on images of random numbers (section 3)."""

    way: Literal["fully-connected", "convolutional", "shift-and-stitch", "dilated"] = Field(
        description="How scores are computed."
    )
    backbone: Backbone = Field(description="Of the net.")
    width: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        1.0, description="The share of the published channels."
    )
    side: Annotated[Positive, Field(le=4096)] = Field(description="Of the images, in pixels.")
    batch: Annotated[Positive, Field(le=1024)] = Field(
        1, description="Images at once; times are per image."
    )
    stride: Positive | None = Field(None, description="Of the dense map.")
    runs: Annotated[Positive, Field(le=1000)] = Field(20, description="Passes that are timed.")
    backward: Flag = Field(False, description="Whether the backward pass is timed too.")


class ReleasedWeights(Frozen):
    """A file of released weights, and what takes its place where archives are synthetic."""

    renamed: ClassVar = {"written_from": "demo_source"}

    file: str = Field(description="Of fcnlib/archives/catalogue.py.")
    to: Annotated[str, Field(pattern=rf"^fcn(32|16|8)s-({'|'.join(get_args(Backbone))})$")] = Field(
        description="The architecture, as in `fcn convert --to`."
    )
    demo_source: str = Field(
        description=(
            "The experiment whose net is written as this file where archives are synthetic."
        ),
    )


class Row(Frozen):
    """What every experiment is: a row of some tables, maybe with published numbers."""

    renamed: ClassVar = {
        "weights": "released",
        "tested": "evaluate_of",
        "oracle": "upper_bound",
    }

    row: str = Field(description="Its name in tables.")
    tables: tuple[str, ...] = Field(description="The tables that it is a row of.")
    rows: dict[Name, str] = Field({}, description="Its name in those of them where it has another.")
    paper: dict[ColumnName, Float] = Field(
        {}, description="Published numbers by column: scores in percent, costs in their unit."
    )

    def starts(self, archives: Archives) -> tuple[str, ...]:
        """The experiments whose weights this one takes where the archives are such."""
        return ()


class Trained(Row):
    """A net, and how to train it."""

    data: Data = Field(description="What it is trained and tested on.")
    net: Net = Field(description="The net.")
    recipe: Recipe = Field(description="How it is trained.")

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return self.net.start_from if self.net.start_from != "random" else ()


class Released(Row):
    """Released weights, scored as they are: nothing is trained."""

    data: Data = Field(description="What it is tested on.")
    released: ReleasedWeights = Field(description="The weights.")

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return (self.released.demo_source,) if archives == "synthetic" else ()


class Retested(Row):
    """The net of another experiment, scored on other data: nothing is trained."""

    data: Data = Field(description="What it is tested on.")
    evaluate_of: str = Field(description="The experiment whose net is tested.")

    def starts(self, archives: Archives) -> tuple[str, ...]:
        return (self.evaluate_of,)


class UpperBound(Row):
    """What predictions of a stride could score at best."""

    data: Data = Field(description="The labels.")
    upper_bound: Downsampling = Field(description="How they are seen.")


class Timed(Row):
    """A way to compute scores, timed."""

    timing: Timing = Field(description="What is timed.")


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

    title: str = Field(description="The heading.")
    section: Section = Field("", description='The section of the paper, such as "4.3".')
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)] = Field(
        description="From left to right (fcnlib/config/columns.py)."
    )
    note: str = Field("", description="What a reader must know.")
    highlight_best: Flag = Field(
        True, description="Whether rows do the same, so that a column has a best one."
    )


class Effort(Frozen):
    """How long a classifier is trained; None: as the others."""

    windows: Positive | None = Field(None, description="Training images.")
    iterations: Positive | None = Field(None, description="Updates.")


class Pretraining(Frozen):
    """The classifier that takes ImageNet's place at demo scale."""

    seed: Int = Field(0, description="Of images and weights.")
    windows: Positive = Field(description="Training images.")
    window: Positive = Field(description="Pixels of their side.")
    held_out: Positive = Field(description="Images to test on.")
    iterations: Positive = Field(description="Updates.")
    batch_size: Positive = Field(description="Images of an update.")
    learning_rate: Float = Field(description="Of AdamW.")
    weight_decay: Float = Field(description="Of AdamW.")
    label_smoothing: Share = Field(description="Of the cross entropy.")
    backbones: dict[Backbone, Effort] = Field({}, description="What single backbones take instead.")


class Scale(Frozen):
    """Which numbers hold, where archives come from, and what all nets and recipes share."""

    renamed: ClassVar = {"like": "preset, and archives beside it"}

    preset: Preset = Field(description="Which of two values holds: {demo: ..., paper: ...}.")
    archives: Archives = Field(
        description=(
            "Where archives, starting weights and released files come from: made, or downloaded."
        ),
    )
    net: dict[str, Any] = Field({}, description="Values that every net of this scale takes over.")
    recipe: dict[str, Any] = Field(
        {}, description="Values that every recipe of this scale takes over."
    )
    forward_side: Annotated[Int, Field(ge=32, le=4096)] | None = Field(
        None,
        description=(
            "Pixels of the side of the image that times are of; null: the first image's own."
        ),
    )
    train: dict[Literal["mem_mb", "runtime"], Int] = Field(
        {}, description="What a training job asks a cluster for: mem_mb, and runtime in minutes."
    )
    tables: tuple[str, ...] | None = Field(None, description="Only these tables; null: all.")


class Config(Frozen):
    """The configuration of one scale, with every recipe, base and scale value filled in."""

    renamed: ClassVar = {"drawn": "synthetic", "archives": "archive_folder"}

    scale: str = Field(description="Which of `scales` is run.")
    studies: str | None = Field(
        None, description="The folder of the studies; null: they stand here already."
    )
    archive_folder: Path | None = Field(
        None, description="A folder with archives that are here already."
    )
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        description="Of the trainings; several make mean and spread."
    )
    scales: dict[Name, Scale] = Field(description="Sizes of runs.")
    synthetic: Synthetic = Field(description="The synthetic archives.")
    pretraining: Pretraining = Field(
        description="The classifier that takes ImageNet's place where archives are synthetic."
    )
    weights: dict[Backbone, str] = Field(
        description="The published classifier of each backbone, of fcnlib/archives/catalogue.py."
    )
    datasets: dict[Name, Dataset] = Field(description="What experiments are trained and tested on.")
    recipes: dict[str, dict[str, Any]] = Field(description="Named ways to optimize.")
    tables: dict[Name, Table] = Field(description="By name, in the page's order.")
    figures: dict[Name, Figure] = Field(description="By name, in the page's order.")
    experiments: dict[Name, Experiment] = Field(description="By name; rows stand in this order.")
    claims: dict[Name, Claim] = Field({}, description="By name, in the page's order.")

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
