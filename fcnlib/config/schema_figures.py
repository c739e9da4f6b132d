"""The models of config.yaml's figures."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from fcnlib.config.schema_base import Frozen, Line, Positive

FigureKind = Literal[
    "comparison",  # nets side by side on the same images
    "losses",  # of their training
    "ablation",  # mean IU of every row of tables
    "momentum",  # mean IU by momentum and batch size, with what equals the first experiment's
    "gaps",  # between nets and the bounds of their stride
    "architecture",  # the layers that nets predict from, and how their scores are fused
    "learning_curve",  # mean IU by number of training images
]
Against = Literal["iteration", "images", "seconds"]
# Of the paper: "4.2".
Section = Annotated[str, Field(pattern=r"^(\d+(\.\d+)*)?$")]
# Of a sheet of samples: `inputs` are what nets see beside or instead of the image.
SheetPart = Literal["image", "inputs", "truth", "nets", "mistakes"]
SHEET_PARTS: tuple[SheetPart, ...] = ("image", "inputs", "truth", "nets")
# The keys of each kind of figure besides its title; `experiments` is required where listed.
FIGURE_KEYS: dict[FigureKind, tuple[str, ...]] = {
    "comparison": ("experiments", "images", "columns", "note"),
    "losses": ("experiments", "against"),
    "ablation": ("tables",),
    "momentum": ("experiments",),
    "gaps": ("experiments",),
    "architecture": ("experiments",),
    "learning_curve": ("experiments",),
}


def _as_rule(kind: Any) -> Any:
    """A kind by the name of its rule, in which there is no hyphen."""
    return kind.replace("-", "_") if isinstance(kind, str) else kind


AS_WRITTEN = {"enum": [kind.replace("_", "-") for kind in get_args(FigureKind)]}


class Figure(Frozen):
    """A picture of several experiments."""

    kind: Annotated[FigureKind, BeforeValidator(_as_rule), WithJsonSchema(AS_WRITTEN)] = Field(
        "comparison",
        description="comparison: nets side by side on the same images; losses: of their training; "
        "ablation: mean IU of every row of tables; momentum: mean IU by momentum and batch "
        "size; gaps: between nets and the bounds of their stride; architecture: the layers that "
        "nets predict from, and how their scores are fused; learning-curve: mean IU by number of "
        "training images, of nets that differ in `train_share`.",
    )
    title: Line = Field(description="The heading.")
    section: Section = Field("", description='The section of the paper, such as "4.3".')
    experiments: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        (), description="What it shows."
    )
    images: Positive = Field(3, description="How many images a comparison has.")
    columns: Annotated[tuple[SheetPart, ...], Field(min_length=1)] = Field(
        SHEET_PARTS,
        description=(
            "Of a comparison, from left to right; inputs: what nets see beside or instead "
            "of the image."
        ),
    )
    note: str = Field("", description="What a reader must know.")
    against: Annotated[tuple[Against, ...], Field(min_length=1)] = Field(
        ("iteration", "seconds"),
        description="The panels of losses; seconds are relative to the first experiment's.",
    )
    tables: tuple[str, ...] = Field(
        (), description="The tables of an ablation; none: all with a mean IU."
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Figure":
        allowed = FIGURE_KEYS[self.kind]
        if other := self.model_fields_set - {"kind", "title", "section", *allowed}:
            raise ValueError(f"{min(other)}: not of a figure of kind {self.kind}")
        if "experiments" in allowed and not self.experiments:
            raise ValueError("experiments: missing")
        return self
