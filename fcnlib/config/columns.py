"""Every column that a table can have: its label, its unit, and how its numbers are displayed."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

# A bound's mean IU; `mean_iu` itself is the first rule's.
Bound = Literal[
    "mean_iu",
    "mean_iu_majority_bilinear",
    "mean_iu_majority_nearest",
    "mean_iu_centre_bilinear",
    "mean_iu_centre_nearest",
    "mean_iu_corner_nearest",
]
Metric = Literal[
    "pixel_accuracy",
    "mean_accuracy",
    "mean_iu",
    "frequency_weighted_iu",
    "geometric_pixel_accuracy",
    "mean_iu_without_background",
    "mean_iu_foreground_truth",
    "foreground_mean_iu",
    "background_accuracy",
]
# Scores on images whose labels only PASCAL's evaluation server has: published, never measured here.
TestServerMetric = Literal["voc2011_test_mean_iu", "voc2012_test_mean_iu"]
# Set by the recipe, not measured.
Setting = Literal["batch_size", "momentum", "learning_rate"]
# Measured by training.
TrainingResult = Literal["training_s", "training_loss"]
# What a training took until a validation came near a score; of claims, not of tables.
Progress = Literal["seconds_to_score", "images_to_score"]
# Of one way to compute scores, beside its times (section 3).
TimingResult = Literal["outputs", "output_ms", "max_difference"]
# What a net is, and what its features and its test images are like.
NetFact = Literal[
    "conv_layers",
    "parameters",
    "receptive_field",
    "stride",
    "feature_norm_ratio",
    "background_share",
]
# What a net costs and what it is; not a score.
Cost = Literal["forward_ms", "backward_ms", TrainingResult, TimingResult, NetFact, Progress]
ColumnName = Literal[Metric, Bound, TestServerMetric, Setting, Cost]


class Rule(NamedTuple):
    """How labels become cells, and cells become labels again."""

    down: Literal["area", "majority", "centre", "corner"]
    up: Literal["bilinear", "nearest"]

    @property
    def label(self) -> str:
        return f"{self.down}, {self.up}"


# By the column of the mean IU that a bound has with it: the paper does not state its own.
RULES: Mapping[ColumnName, Rule] = {
    "mean_iu": Rule("area", "bilinear"),
    "mean_iu_majority_bilinear": Rule("majority", "bilinear"),
    "mean_iu_majority_nearest": Rule("majority", "nearest"),
    "mean_iu_centre_bilinear": Rule("centre", "bilinear"),
    "mean_iu_centre_nearest": Rule("centre", "nearest"),
    "mean_iu_corner_nearest": Rule("corner", "nearest"),
}


class Column(NamedTuple):
    """What a number is, and how people read it."""

    label: str
    unit: str
    digits: int
    form: Literal["f", "e", "g"] = "f"
    per: float = 1.0  # displayed as so many of these
    mark: str = ""  # behind the number
    # Derived from the full-width net's layers, which no run can change; or set by its recipe.
    known: Literal["measured", "derived", "set"] = "measured"
    task: str = "semantic"  # of a score
    metric: str = ""  # its name within the task, where that is not the column's
    server: bool = False  # only PASCAL's evaluation server can measure it

    @property
    def heading(self) -> str:
        """The label with its unit, unless that is part of the label."""
        return self.label if self.unit in self.label else f"{self.label} ({self.unit})"

    def displayed(self, value: float) -> float:
        """The number as precise as people see it, so that their own subtraction agrees."""
        return float(f"{value / self.per:.{self.digits}{self.form}}")

    def text(self, value: float | None) -> str:
        """The number as people read it in a table; nothing where there is none."""
        if value is None:
            return ""
        return f"{value / self.per:,.{self.digits}{self.form}}{self.mark}"

    def signed(self, value: float) -> str:
        """A difference of displayed numbers with its sign, as typeset."""
        sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else "\N{PLUS-MINUS SIGN}"
        return f"{sign}{abs(value):,.{self.digits}{self.form}}{self.mark}"


COLUMNS: Mapping[ColumnName, Column] = {
    "pixel_accuracy": Column("pixel acc.", "%", 1),
    "mean_accuracy": Column("mean acc.", "%", 1),
    "mean_iu": Column("mean IU", "%", 1),
    "frequency_weighted_iu": Column("f.w. IU", "%", 1),
    "geometric_pixel_accuracy": Column(
        "geometric pixel acc.", "%", 1, task="geometric", metric="pixel_accuracy"
    ),
    "mean_iu_without_background": Column("mean IU w/o background", "%", 1),
    "mean_iu_foreground_truth": Column("mean IU, background pixels left out", "%", 1),
    "foreground_mean_iu": Column(
        "mean IU, background never chosen", "%", 1, task="foreground", metric="mean_iu"
    ),
    "background_accuracy": Column("background acc.", "%", 1),
    **{x: Column(f"mean IU ({RULES[x].label})", "%", 1) for x in RULES if x != "mean_iu"},
    "voc2011_test_mean_iu": Column("mean IU, VOC2011 test", "%", 1, server=True),
    "voc2012_test_mean_iu": Column("mean IU, VOC2012 test", "%", 1, server=True),
    "batch_size": Column("batch size", "images", 0, known="set"),
    "momentum": Column("momentum", "", 5, "g", known="set"),
    "learning_rate": Column("learning rate", "", 3, "g", known="set"),
    "forward_ms": Column("forward time", "ms", 1),
    "backward_ms": Column("backward time", "ms", 1),
    "training_s": Column("training time", "s", 1),
    "training_loss": Column("loss at the end of training", "per pixel", 3),
    "outputs": Column("outputs", "outputs", 0),
    "output_ms": Column("time per output", "ms", 3),
    "max_difference": Column("max. difference", "of the score range", 1, "e"),
    "conv_layers": Column("conv layers", "layers", 0, known="derived"),
    "parameters": Column("parameters", "parameters", 0, "f", 1e6, "M", known="derived"),
    "receptive_field": Column("rf size", "px", 0, known="derived"),
    "stride": Column("max stride", "px", 0, known="derived"),
    "feature_norm_ratio": Column("feature norms, largest to smallest", "", 1),
    "background_share": Column("background", "% of the pixels", 1),
    "seconds_to_score": Column("training time to that score", "s", 1),
    "images_to_score": Column("images to that score", "images", 0),
}

RENAMED_COLUMNS: Mapping[str, ColumnName] = {"field": "receptive_field"}  # of earlier versions

# A column's task and metric in results.csv; what is no score has no task.
RESULT_KEYS: Mapping[ColumnName, tuple[str, str]] = {
    name: (column.task if column.unit == "%" else "", column.metric or name)
    for name, column in COLUMNS.items()
}
NAMES: Mapping[tuple[str, str], ColumnName] = {key: name for name, key in RESULT_KEYS.items()}
