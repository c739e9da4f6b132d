"""The experiment list as frozen, typed values: the only schema of config.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fcnlib.errors import InputError

# Strict: YAML reads `1e-10` as text, and text must not pass for a number.
Int = Annotated[int, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0)]
Float = Annotated[float, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Metric = Literal["pixel_accuracy", "mean_accuracy", "mean_iu", "frequency_weighted_iu"]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, values: Any) -> Any:
        known = cls.model_fields
        if isinstance(values, Mapping) and (unknown := values.keys() - known.keys()):
            names = ", ".join(sorted(map(repr, unknown)))
            raise ValueError(f"unknown key {names}; known: {', '.join(known)}")
        return values


class Data(Frozen):
    """What an experiment learns from and is tested on."""

    dataset: str
    inputs: tuple[Literal["rgb"], ...] = ("rgb",)
    train: str = "train"
    test: str
    # None: the test split, as the paper keeps the snapshot that scores best there.
    validate_on: str | None = None


class Net(Frozen):
    """One fully convolutional net: every variant is a value of this class."""

    backbone: Literal["vgg16"]
    predict_from: tuple[Literal["fc7", "pool5", "pool4", "pool3"], ...]
    # Empty: the backbone's classifier; `random`: nothing at all.
    start_from: tuple[str, ...] | Literal["random"] = ()
    skip_scales: tuple[Float, ...] | None = None
    width: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    padding: Annotated[int, Field(strict=True, ge=1)] = 100
    fc6_kernel: Positive = 7
    dropout: Share = 0.5


class Recipe(Frozen):
    """One way to optimise; the defaults are those of the released solvers."""

    learning_rate: Annotated[float, Field(strict=True, gt=0)]
    momentum: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.99
    weight_decay: Annotated[float, Field(strict=True, ge=0)] = 0.0005
    batch_size: Positive = 1  # by accumulation, as images differ in size
    iterations: Positive  # updates; each sees batch_size images
    loss: Literal["sum", "mean"] = "sum"  # over an image's pixels
    score_rate: Annotated[float, Field(strict=True, gt=0)] = 1.0  # score layers: times this
    decay_from: Share = 1.0  # from this share of the iterations on, linearly to zero
    mirror: Flag = False
    validate_every: Positive
    workers: Annotated[int, Field(strict=True, ge=0)] = 0  # processes that read images


class Oracle(Frozen):
    """Perfect labels, downsampled by a factor and back (section 6.3)."""

    factor: Annotated[int, Field(strict=True, ge=1)]


class Experiment(Frozen):
    """One row of a table: a net and how to train it, or a bound that needs neither."""

    row: str
    tables: tuple[str, ...]
    data: Data
    net: Net | None = None
    recipe: Recipe | None = None
    oracle: Oracle | None = None
    paper: dict[Metric, Float] = {}  # published, in percent


class Training(Frozen):
    """Exactly the values that training depends on."""

    data: Data
    net: Net
    recipe: Recipe


class Table(Frozen):
    title: str
    columns: tuple[Metric, ...]
    note: str = ""


class Figure(Frozen):
    title: str
    experiments: tuple[str, ...]
    images: Positive = 3


class ArchiveDataset(Frozen):
    """A published data set, converted from its archives."""

    converter: Literal["voc", "voc-sbd"]
    archives: tuple[str, ...]


class FolderDataset(Frozen):
    """A user's own images and masks."""

    converter: Literal["folder"]
    path: Path
    images: str = "images"
    masks: str = "masks"
    classes: str | tuple[str, ...] = "classes.txt"
    void: tuple[Int, ...] = ()
    splits: dict[str, str] = {}
    palette: tuple[tuple[Int, Int, Int], ...] | None = None

    def files(self) -> list[Path]:
        """What a change of the data set shows in: its lists, and its folders' dates."""
        lists = [self.classes] if isinstance(self.classes, str) else []
        return [
            self.path / name for name in (self.images, self.masks, *lists, *self.splits.values())
        ]


Dataset = Annotated[ArchiveDataset | FolderDataset, Field(discriminator="converter")]


class Drawn(Frozen):
    """How many scenes to draw, of what size."""

    seed: Int = 0
    size: Positive
    train: Positive
    validation: Positive


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


class Scale(Frozen):
    """Where data and starting weights come from, and the size of all nets."""

    like: Literal["demo", "paper"]  # which of two numbers holds: {demo: ..., paper: ...}
    net: dict[str, Any] = {}  # values that every net of this scale takes over
    train: dict[Literal["mem_mb", "runtime"], Int] = {}  # what a training job asks a cluster for
    tables: tuple[str, ...] | None = None  # only these tables; none named: all


class Config(Frozen):
    """config.yaml for one scale, with every recipe and scale value filled in."""

    scale: str
    archives: Path | None = None  # a folder with archives that are here already
    seeds: tuple[Int, ...]
    scales: dict[str, Scale]
    drawn: Drawn
    pretraining: Pretraining
    weights: dict[str, str]
    datasets: dict[str, Dataset]
    recipes: dict[str, dict[str, Any]]
    tables: dict[str, Table]
    figures: dict[str, Figure]
    experiments: dict[str, Experiment]

    def scales_like(self, like: str) -> list[str]:
        """The names of the scales that draw their data (demo) or download it (paper)."""
        return [name for name, scale in self.scales.items() if scale.like == like]

    def classifier(self) -> dict[str, Any]:
        """The size of this scale's pre-trained classifier."""
        net = self.scales[self.scale].net
        return {"width": net.get("width", 1.0), "fc6_kernel": net.get("fc6_kernel", 7)}

    def training(self, experiment: str) -> Training:
        """The slice that training depends on; only for entries with a net."""
        entry = self.experiments[experiment]
        return Training.model_validate(entry.model_dump(include={"data", "net", "recipe"}))


def load(raw: Mapping[str, Any], source: str = "config.yaml") -> Config:
    """The checked configuration of `raw`'s scale; an InputError names the key's path."""
    if missing := {"scale", "scales", "recipes", "experiments"} - raw.keys():
        raise InputError(f"{source}: missing key {', '.join(sorted(missing))}")
    scale, scales = raw["scale"], raw["scales"]
    if not isinstance(scales, Mapping) or scale not in scales:
        raise InputError(f"{source}: scale: {scale!r} is not declared; known: {', '.join(scales)}")
    like = scales[scale].get("like")
    filled = {key: _of_scale(value, like) for key, value in raw.items()}
    filled["scales"] = dict(scales)
    filled["experiments"] = {
        name: _filled(entry, filled, f"{source}: experiments.{name}")
        for name, entry in filled["experiments"].items()
    }
    try:
        config = Config.model_validate(filled)
    except ValidationError as error:
        raise InputError(_first_problem(error, source)) from None
    _check_references(config, source)
    return _shown(config)


def _of_scale(value: Any, like: str) -> Any:
    """`value` with every {demo: ..., paper: ...} replaced by the number of this scale."""
    if isinstance(value, Mapping):
        if value and value.keys() <= {"demo", "paper"}:
            return _of_scale(value[like], like) if like in value else dict(value)
        return {key: _of_scale(item, like) for key, item in value.items()}
    if isinstance(value, list):
        return [_of_scale(item, like) for item in value]
    return value


def _filled(entry: Any, raw: Mapping[str, Any], place: str) -> Any:
    """An experiment with its recipe's and its scale's values laid under its own."""
    if not isinstance(entry, Mapping):
        return entry
    entry = dict(entry)
    if isinstance(entry.get("recipe"), Mapping):
        overrides = dict(entry["recipe"])
        name = overrides.pop("name", None)
        if name not in raw["recipes"]:
            known = ", ".join(raw["recipes"])
            raise InputError(f"{place}.recipe.name: {name!r} is no recipe; known: {known}")
        entry["recipe"] = {**raw["recipes"][name], **overrides}
    if isinstance(entry.get("net"), Mapping):
        entry["net"] = {**raw["scales"][raw["scale"]].get("net", {}), **entry["net"]}
    return entry


def _check_references(config: Config, source: str) -> None:
    """Names that point elsewhere must exist, and weights flow from top to bottom."""

    def require(name: str, known: Mapping[str, Any] | list[str], place: str, what: str) -> None:
        if name not in known:
            raise InputError(f"{source}: {place}: {name!r} {what}; known: {', '.join(known)}")

    above: list[str] = []
    for name, entry in config.experiments.items():
        place = f"experiments.{name}"
        require(entry.data.dataset, config.datasets, f"{place}.data.dataset", "is no data set")
        for table in entry.tables:
            require(table, config.tables, f"{place}.tables", "is no table")
        if (entry.net is None) != (entry.recipe is None):
            raise InputError(f"{source}: {place}: net and recipe come together or not at all")
        if (entry.net is None) == (entry.oracle is None):
            raise InputError(f"{source}: {place}: expected either net and recipe, or oracle")
        if entry.net and entry.net.start_from != "random":
            for start in entry.net.start_from:
                key = f"{place}.net.start_from"
                require(start, config.experiments, key, "is no experiment")
                # Every chain points upwards, so there can be no cycle.
                require(start, above, key, "must stand above it, as weights flow downwards")
        if entry.net:
            above.append(name)
    for name, figure in config.figures.items():
        for experiment in figure.experiments:
            require(experiment, above, f"figures.{name}.experiments", "is no net")
    for table in config.scales[config.scale].tables or ():
        require(table, config.tables, f"scales.{config.scale}.tables", "is no table")


def _shown(config: Config) -> Config:
    """Only the tables that this scale shows, and what they need."""
    tables = config.scales[config.scale].tables
    if tables is None:
        return config
    wanted = {name for name, e in config.experiments.items() if set(e.tables) & set(tables)}
    for name, entry in reversed(config.experiments.items()):
        if name in wanted and entry.net and entry.net.start_from != "random":
            wanted |= set(entry.net.start_from)
    experiments = {name: e for name, e in config.experiments.items() if name in wanted}
    datasets = {entry.data.dataset for entry in experiments.values()}
    return config.model_copy(
        update={
            "tables": {name: table for name, table in config.tables.items() if name in tables},
            "experiments": experiments,
            "datasets": {name: d for name, d in config.datasets.items() if name in datasets},
            "figures": {
                name: figure
                for name, figure in config.figures.items()
                if set(figure.experiments) <= experiments.keys()
            },
        }
    )


def _first_problem(error: ValidationError, source: str) -> str:
    """One line: the key's path, the value, and what was allowed."""
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    if location[:1] == ["datasets"]:
        del location[2:3]  # pydantic adds the converter's name
    place = ".".join(location) or "top level"
    if problem["type"] == "missing":
        return f"{source}: {place}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], Mapping):
        return f"{source}: {place}: {message}"
    hint = " (YAML reads 1e-10 as text: write 1.0e-10)" if _text_number(problem["input"]) else ""
    return f"{source}: {place}: {problem['input']!r}: {message}{hint}"


def _text_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)
