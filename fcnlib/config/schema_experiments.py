"""The models of experiments; the kind follows from which key is present."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Discriminator, Field, Tag

from fcnlib.config.columns import ColumnName
from fcnlib.config.schema_base import Archives, Flag, Float, Frozen, Line, Name, Positive
from fcnlib.config.schema_data import Data
from fcnlib.config.schema_nets import BackboneName, Net, Recipe


class Downsampling(Frozen):
    """Perfect labels, downsampled by a factor and back (section 6.3)."""

    factor: Positive = Field(description="Of labels, down and up again.")


class Timing(Frozen):
    """A way to compute a net's scores, timed on images of random numbers (section 3)."""

    way: Literal["fully-connected", "convolutional", "shift-and-stitch", "dilated"] = Field(
        description="How scores are computed."
    )
    backbone: BackboneName = Field(description="Of the net.")
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
    fallback: str | None = Field(
        None,
        description="Another file of the same net there, for where no address has the first.",
    )
    to: Annotated[str, Field(pattern=rf"^fcn(32|16|8)s-({'|'.join(get_args(BackboneName))})$")] = (
        Field(description="The architecture, as in `fcn convert --to`.")
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

    row: Line = Field(description="Its name in tables.")
    tables: tuple[str, ...] = Field(description="The tables that it is a row of.")
    rows: dict[Name, Line] = Field(
        {}, description="Its name in those of them where it has another."
    )
    paper: dict[ColumnName, Float] = Field(
        {}, description="Published numbers by column: scores in percent, costs in their unit."
    )
    base: str = Field("", description="The experiment above it whose values lie under its own.")

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


# The kinds of experiments by the key that determines them.
EXPERIMENT_KINDS: dict[str, type[Row]] = {
    "net": Trained,
    "released": Released,
    "evaluate_of": Retested,
    "upper_bound": UpperBound,
    "timing": Timed,
}
PUBLISHED_ONLY = "paper"


def kind_of(entry: Any) -> str:
    """The key that determines an experiment's kind; `paper` where none does."""
    keys = entry.keys() if isinstance(entry, Mapping) else entry.__class__.model_fields.keys()
    return next((kind for kind in EXPERIMENT_KINDS if kind in keys), PUBLISHED_ONLY)


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
