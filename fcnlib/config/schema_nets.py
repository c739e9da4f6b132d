"""The models of nets and of how they are trained."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fcnlib.config.schema_base import Flag, Float, Frozen, Name, NotNegative, Positive, Share, Size
from fcnlib.config.schema_data import Data

BackboneName = Literal["alexnet", "vgg16", "vgg19", "googlenet"]
# The layers that each backbone can be predicted from, coarsest first, and their strides.
STRIDES: dict[str, dict[str, int]] = {
    "alexnet": {"fc7": 32, "pool5": 32, "pool2": 16, "pool1": 8},
    "vgg16": {"fc7": 32, "pool5": 32, "pool4": 16, "pool3": 8},
    "vgg19": {"fc7": 32, "pool5": 32, "pool4": 16, "pool3": 8},
    "googlenet": {
        "inception_5b/output": 32,
        "pool4/3x3_s2": 32,
        "pool3/3x3_s2": 16,
        "pool2/3x3_s2": 8,
    },
}
# Those that see too little of the image to predict alone: behind a coarser one, for detail.
DETAIL_STRIDES: dict[str, dict[str, int]] = {
    "alexnet": {},
    "vgg16": {"pool2": 4},
    "vgg19": {"pool2": 4},
    "googlenet": {"pool1/3x3_s2": 4},
}
# The side of the images that each backbone classifies.
WINDOWS = {"alexnet": 227, "vgg16": 224, "vgg19": 224, "googlenet": 224}
SAVE_MINUTES = 5  # between saved states of a training
Precision = Literal["fp32", "tf32", "bf16"]  # fcnlib/core/precision.py


class Net(Frozen):
    """One fully convolutional net: every variant is a value of this class; null: as published."""

    backbone: BackboneName = Field(description="The classifier that the net is made from.")
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
    padding: Positive | None = Field(
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
        return (STRIDES[self.backbone] | DETAIL_STRIDES[self.backbone])[self.predict_from[-1]]

    @model_validator(mode="after")
    def _fits_together(self) -> "Net":
        known = dict(STRIDES[self.backbone])
        if len(self.predict_from) > 1:
            known |= DETAIL_STRIDES[self.backbone]
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

    learning_rate: Annotated[Float, Field(gt=0)] = Field(
        description="Of the weights; biases have twice that."
    )
    optimizer: Literal["sgd", "adamw"] = Field(
        "sgd", description="SGD with momentum, or AdamW, whose biases have the rate of the weights."
    )
    momentum: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(
        0.99, description="Of SGD; of AdamW, its first beta, for which 0.9 is usual."
    )
    weight_decay: Annotated[Float, Field(ge=0)] = Field(0.0005, description="Of the weights alone.")
    batch_size: Positive = Field(
        1,
        description="Images of an update, by accumulation, as they differ in size; crops at once.",
    )
    norm: Literal["none", "batch"] = Field(
        "none",
        description=(
            "BatchNorm behind each convolution of the trunk, by the statistics of a batch of "
            "crops; it is folded into the convolutions of the published checkpoint."
        ),
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
    class_weights_power: Share = Field(
        1.0, description="What these are raised to: at less than 1 rare classes weigh less."
    )
    patch_keep_prob: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        1.0,
        description=(
            "The probability of each cell of the coarsest scores to count in the loss "
            "(section 4.4)."
        ),
    )
    score_lr_multiplier: Annotated[Float, Field(gt=0)] = Field(
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
        1.0, description="From this share of the iterations on the rate falls to zero."
    )
    lr_decay: Literal["linear", "cosine"] = Field(
        "linear", description="Along a line, or half a period of a cosine."
    )
    lr_warmup: Share = Field(
        0.0, description="Over this share of the iterations the rate rises linearly from zero."
    )
    ema_decay: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(
        0.0,
        description=(
            "Of the exponential moving average of the weights, which is validated and kept in "
            "their place; 0: the weights themselves."
        ),
    )
    horizontal_flip: Flag = Field(False, description="Whether images are flipped at random.")
    random_shift: NotNegative = Field(0, description="Up to so many pixels each way.")
    crop: Size | None = Field(
        None, description="Height and width of random crops to train on; null: whole images."
    )
    random_scale: tuple[Annotated[Float, Field(gt=0)], Annotated[Float, Field(gt=0)]] = Field(
        (1.0, 1.0), description="The least and the greatest factor of the images that are cropped."
    )
    random_colour: Share = Field(
        0.0,
        description=(
            "Brightness, contrast and saturation are multiplied by up to so much more or less "
            "than 1."
        ),
    )
    may_diverge: Flag = Field(
        False,
        description=(
            "A loss that is not finite ends the run with its best snapshot; otherwise it is "
            "an error."
        ),
    )
    validate_every: Positive = Field(description="Iterations between validations.")
    workers: NotNegative = Field(0, description="Threads that read images ahead.")
    precision: Precision = Field(
        "fp32",
        description=(
            "Of convolutions and matrix products in training and its validations: tf32, for a GPU "
            "alone, or bf16, in which the trunk computes in 16 bits; weights, the optimizer and "
            "the scores stay in 32. Scores are always measured in fp32."
        ),
    )

    @property
    def images_at_once(self) -> int:
        """Images that the net computes together: a batch of crops, or one of any size."""
        return 1 if self.crop is None else self.batch_size

    @model_validator(mode="after")
    def _crops_fit_together(self) -> "Recipe":
        least, greatest = self.random_scale
        if least > greatest:
            raise ValueError(
                f"random_scale: {least:g} to {greatest:g}; expected the least factor first"
            )
        if self.crop is None and (self.random_scale != (1.0, 1.0) or self.random_colour):
            raise ValueError("random_scale, random_colour: expected a crop, as they are of crops")
        if self.norm == "batch" and (self.crop is None or self.batch_size == 1):
            raise ValueError(
                "norm: batch; expected a crop, and a batch_size of at least 2, to have statistics"
            )
        return self

    @field_validator("loss", mode="before")
    @classmethod
    def _is_no_reduction(cls, value: Any) -> Any:
        if value in ("sum", "mean"):
            raise ValueError(f"it is now reduction: {value}")
        return value


class Training(Frozen):
    """Exactly the values that training depends on."""

    data: Data
    net: Net
    recipe: Recipe
