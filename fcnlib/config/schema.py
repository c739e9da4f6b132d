"""The frozen, typed models of config.yaml and the studies: their only schema."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from fcnlib.config.columns import ColumnName
from fcnlib.config.converters import ARCHIVES_INFO
from fcnlib.config.measuring import FORWARD_RUNS
from fcnlib.config.schema_base import (
    Archives,
    Chosen,
    Flag,
    Float,
    Frozen,
    Int,
    Line,
    Name,
    Origin,
    Positive,
    Preset,
    Seed,
    split,
)
from fcnlib.config.schema_claims import Claim
from fcnlib.config.schema_data import Dataset, FolderDataset, Synthetic
from fcnlib.config.schema_experiments import Experiment, Retested, Trained
from fcnlib.config.schema_figures import Figure, Section
from fcnlib.config.schema_nets import SAVE_MINUTES, BackboneName, Net, Training
from fcnlib.config.schema_pretraining import Pretraining, PretrainingOverrides
from fcnlib.config.schema_resources import Resources, RuleName

OF_EACH_KIND = "one-of-each-kind"  # rows to run


class Table(Frozen):
    """Rows beside each other: the experiments that name it, in their order."""

    renamed: ClassVar = {"compete": "highlight_best"}

    title: Line = Field(description="The heading.")
    section: Section = Field("", description='The section of the paper, such as "4.3".')
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)] = Field(
        description="From left to right (fcnlib/config/columns.py)."
    )
    note: str = Field("", description="What a reader must know.")
    highlight_best: Flag = Field(
        True, description="Whether rows do the same, so that a column has a best one."
    )


class AtMost(Frozen):
    """What a rehearsal cuts each recipe and each timing down to; null: as it is."""

    iterations: Positive | None = Field(
        None, description="Updates; the last one is followed by a validation."
    )
    batch_size: Positive | None = Field(None, description="Images of an update.")
    runs: Positive | None = Field(None, description="Passes that are timed.")


class Scale(Frozen):
    """Which values hold, where archives come from, and what all nets and recipes share."""

    renamed: ClassVar = {
        "like": "preset, and archives beside it",
        "train": "resources: {train: {mem_mb: ..., runtime: ...}}",
    }

    rehearses: str | None = Field(
        None,
        description=(
            "Another scale, whose values hold where this one has none: whether that one would "
            "run. No number of a rehearsal is a result."
        ),
    )
    at_most: AtMost = Field(
        AtMost(), description="What a rehearsal cuts recipes and timings down to."
    )
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
    forward_runs: Annotated[Positive, Field(le=1000)] = Field(
        FORWARD_RUNS, description="Passes whose mean that time is."
    )
    resources: dict[RuleName | Literal["default"], Resources] = Field(
        {}, description="What the jobs of each rule ask for; `default`: those of all others."
    )
    save_minutes: Annotated[Float, Field(ge=0)] = Field(
        SAVE_MINUTES,
        description=(
            "Minutes after which a training saves its state; changes no number, so that nothing "
            "is run again."
        ),
    )
    tables: Chosen | None = Field(None, description="Only these tables; null: all.")


class Config(Frozen):
    """The configuration of one scale, with every recipe, base and scale value filled in."""

    renamed: ClassVar = {"drawn": "synthetic", "archives": "archive_folder"}

    scale: str = Field(description="Which of `scales` is run.")
    studies: str | None = Field(
        None, description="The folder of the studies; null: their entries are here already."
    )
    archive_folder: Path | None = Field(
        None, description="A folder with archives that are here already."
    )
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = Field(
        description="Of the trainings; several make mean and spread."
    )
    rows: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["one-of-each-kind"] | None = (
        Field(
            None,
            description=(
                "Only these experiments, and those that they start from; one-of-each-kind: as few "
                "as have each kind of net and of data (fcnlib/plan/kinds.py); null: all."
            ),
        )
    )
    scales: dict[Name, Scale] = Field(description="Sizes of runs.")
    synthetic: Synthetic = Field(description="The synthetic archives.")
    pretraining: Pretraining = Field(
        description="The classifier that takes ImageNet's place where archives are synthetic."
    )
    weights: dict[BackboneName, str] = Field(
        description="The published classifier of each backbone, of fcnlib/archives/catalogue.py."
    )
    datasets: dict[Name, Dataset] = Field(description="What experiments are trained and tested on.")
    recipes: dict[Name, dict[str, Any]] = Field(description="Named ways to optimise.")
    tables: dict[Name, Table] = Field(description="By name, in the page's order.")
    figures: dict[Name, Figure] = Field(description="By name, in the page's order.")
    experiments: dict[Name, Experiment] = Field(description="By name, in the order of rows.")
    claims: dict[Name, Claim] = Field({}, description="By name, in the page's order.")

    @field_validator("archive_folder")
    @classmethod
    def _as_it_is(cls, folder: Path | None) -> Path | None:
        if str(folder or "")[:1] in ("~", "$"):  # and all would be downloaded again
            raise ValueError("expected a path as it is, without ~ or $")
        return folder

    @field_validator("rows", mode="before")
    @classmethod
    def _one_of_them(cls, rows: Any) -> Any:
        if isinstance(rows, str) and rows != OF_EACH_KIND:
            return split(rows)
        return rows

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):  # their spread would be too small
            raise ValueError("expected each of them once")
        if len({seed % 2**32 for seed in seeds}) < len(seeds):
            raise ValueError(
                "expected seeds that differ in their last 32 bits, as all that is read"
            )
        return seeds

    @property
    def preset(self) -> Preset:
        """Which of two values holds at this scale."""
        return self.scales[self.scale].preset

    @property
    def archives(self) -> Archives:
        """Where archives, starting weights and released files of this scale come from."""
        return self.scales[self.scale].archives

    def dataset(self, name: str) -> Dataset:
        """A data set as its converter is handed it: counts are of published archives alone."""
        dataset = self.datasets[name]
        if isinstance(dataset, FolderDataset) or self.archives == "published":
            return dataset
        info = ARCHIVES_INFO[dataset.converter]
        reduced = self.synthetic.rooms.reduced if info.is_reduced else 1
        return dataset.model_copy(update={"counts": {}, "reduced": reduced})

    @property
    def rehearses(self) -> str | None:
        """The scale that this run rehearses; None: this is no rehearsal."""
        return self.scales[self.scale].rehearses

    @property
    def forward_runs(self) -> int:
        """The passes whose mean time is a net's."""
        scale = self.scales[self.scale]
        return min(scale.forward_runs, scale.at_most.runs or scale.forward_runs)

    def images(self, dataset: str) -> Origin:
        """What the images of a data set are: a user's own, or those of the archives."""
        if self.rehearses:
            return "rehearsal"
        is_own = isinstance(self.datasets[dataset], FolderDataset)
        return "own" if is_own else self.archives

    def resources(self, rule: RuleName) -> Resources | None:
        """What the jobs of a rule ask for; None where this scale says nothing."""
        resources = self.scales[self.scale].resources
        return resources.get(rule) or resources.get("default")

    def classifier(self, backbone: str) -> dict[str, Any]:
        """The size of this scale's pre-trained classifier."""
        net = self.scales[self.scale].net
        kernel = None if backbone == "googlenet" else net.get("fc6_kernel")
        return {"width": net.get("width", 1.0), "fc6_kernel": kernel}

    def pretraining_of(self, backbone: BackboneName) -> Pretraining:
        """How this backbone's classifier is trained, without the values of others."""
        overrides = self.pretraining.backbones.get(backbone, PretrainingOverrides())
        own = overrides.model_dump(exclude_none=True)
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
