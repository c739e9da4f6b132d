"""What each table and figure shows, as its rule is handed it."""

from collections.abc import Iterable, Sequence
from typing import Any

from fcnlib.config.schema_experiments import Released, Row, Scored, Trained, UpperBound
from fcnlib.plan.targets import Targets
from fcnlib.report.specs import (
    AblationSpec,
    ArchitectureSpec,
    ChartSpec,
    ComparisonSpec,
    ExamplesSpec,
    Images,
    LearningCurveSpec,
    LossesSpec,
    NamedNet,
    NetSpec,
    RowSpec,
    ShareSpec,
    TableFigureSpec,
    TableSpec,
    TableTitle,
)

# The images that the page has of own data: all, up to what it can carry.
OWN_IMAGES: dict[str, Any] = {"images": 200, "megabytes": 12.0}
TRAINED_ON = {"train", "train_share"}  # of data
PUBLISHED_SIDE = 500  # pixels of the images that the paper times nets on


def table(targets: Targets, name: str) -> TableSpec:
    """A table: its heading, and its rows with the published numbers."""
    return TableSpec(
        name=name,
        **targets.config.tables[name].model_dump(),
        images=table_images(targets, name),
        rows=tuple(_row(targets, experiment, name) for experiment in targets.rows(name)),
    )


def table_images(targets: Targets, name: str) -> Images:
    """Whose images a table's numbers are of."""
    return images_of(targets, targets.rows(name))


def images_of(targets: Targets, experiments: Iterable[str]) -> Images:
    """Whose images the numbers of some experiments are of."""
    config = targets.config
    if config.rehearses:
        return "rehearsal"
    entries = [config.experiments[experiment] for experiment in experiments]
    datasets = {e.data.dataset for e in entries if isinstance(e, Scored | UpperBound)}
    if not datasets:
        return "none"
    return "own" if "own" in map(config.images, datasets) else config.archives


def trained_nets(targets: Targets, name: str) -> TableFigureSpec:
    """The nets of a table that have curves."""
    return _table_figure(targets, name, targets.trained_rows(name))


def scored_nets(targets: Targets, name: str) -> TableFigureSpec:
    """The nets of a table that have scores."""
    return _table_figure(targets, name, targets.scored_rows(name))


def examples(targets: Targets, name: str) -> ExamplesSpec:
    """The nets of a table that label images side by side."""
    shown = dict(_table_figure(targets, name, targets.scored_rows(name)))
    size = OWN_IMAGES if shown["images_of"] == "own" else {}
    return ExamplesSpec(**shown, **size, seed=targets.config.seeds[0])


def _table_figure(targets: Targets, name: str, experiments: Sequence[str]) -> TableFigureSpec:
    """These nets, each in the style of its position among the scored rows of the table."""
    positions = {x: position for position, x in enumerate(targets.scored_rows(name))}
    nets = (NetSpec(**_net(targets, x, name), position=positions[x]) for x in experiments)
    return TableFigureSpec(table=name, images_of=table_images(targets, name), nets=tuple(nets))


def comparison(targets: Targets, figure: str) -> ComparisonSpec:
    """Nets side by side, and the columns from left to right."""
    entry = targets.config.figures[figure]
    return ComparisonSpec(
        **_heading(targets, figure),
        **entry.model_dump(include={"images", "columns", "note"}),
        nets=_nets(targets, figure),
        seed=targets.config.seeds[0],
    )


def losses(targets: Targets, figure: str) -> LossesSpec:
    """Nets, and what their losses are plotted against."""
    entry = targets.config.figures[figure]
    return LossesSpec(
        **_heading(targets, figure), against=entry.against, nets=_nets(targets, figure)
    )


def chart(targets: Targets, figure: str) -> ChartSpec:
    """A title and rows."""
    entry = targets.config.figures[figure]
    rows = tuple(_row(targets, experiment) for experiment in entry.experiments)
    return ChartSpec(**_heading(targets, figure), rows=rows)


def learning_curve(targets: Targets, figure: str) -> LearningCurveSpec:
    """Nets, and the share of the images that each is trained on."""
    nets = tuple(
        ShareSpec(**_net(targets, x), **targets.data_of(x).model_dump(include=TRAINED_ON))
        for x in targets.nets_of_figure(figure)
    )
    return LearningCurveSpec(**_heading(targets, figure), nets=nets)


def architecture(targets: Targets, figure: str) -> ArchitectureSpec:
    """Nets of one backbone, and the side of the image that nets are timed on."""
    config = targets.config
    nets = [
        NamedNet(row=config.experiments[name].row, net=net)
        for name in targets.nets_of_figure(figure)
        if (net := config.evaluated_net(name))
    ]
    side = config.scales[config.scale].forward_side or PUBLISHED_SIDE
    return ArchitectureSpec(**_heading(targets, figure), nets=tuple(nets), side=side)


def ablation(targets: Targets, figure: str) -> AblationSpec:
    """A title and the tables below it."""
    config = targets.config
    names = targets.tables_of_figure(figure)
    tables = tuple(TableTitle(name=name, title=config.tables[name].title) for name in names)
    return AblationSpec(**_heading(targets, figure), tables=tables)


def _heading(targets: Targets, figure: str) -> dict[str, Any]:
    """What a figure of each kind has."""
    entry = targets.config.figures[figure]
    tables = targets.tables_of_figure(figure) if entry.kind == "ablation" else ()
    rows = [row for table in tables for row in targets.rows(table)]
    images = images_of(targets, [*entry.experiments, *rows])
    return {"name": figure, "title": entry.title, "section": entry.section, "images_of": images}


def _nets(targets: Targets, figure: str) -> tuple[NetSpec, ...]:
    return tuple(NetSpec(**_net(targets, x)) for x in targets.nets_of_figure(figure))


def _row(targets: Targets, experiment: str, name: str = "") -> RowSpec:
    """A row with its published numbers, and the bound or the stride that it is of."""
    entry = targets.config.experiments[experiment]
    net = targets.config.evaluated_net(experiment)
    return RowSpec(
        **_net(targets, experiment, name),
        paper=entry.paper,
        upper_bound=entry.upper_bound if isinstance(entry, UpperBound) else None,
        stride=net.stride if net else None,
        released=entry.released.file if isinstance(entry, Released) else "",
        base=entry.base,
    )


def _net(targets: Targets, experiment: str, name: str = "") -> dict[str, Any]:
    """An experiment as a table names it, its tasks, the images its snapshot is picked on."""
    entry = targets.config.experiments[experiment]
    values = {"experiment": experiment, "row": entry.rows.get(name, entry.row)}
    if not isinstance(entry, Scored | UpperBound):
        return values
    return {
        **values,
        "picked_on": _picked_on(targets, experiment, entry),
        "tasks": entry.data.tasks,
        "mask": entry.data.test_mask,
    }


def _picked_on(targets: Targets, experiment: str, entry: Row) -> str | None:
    """Of the images that the net's snapshot was picked on, what else they are used for."""
    trained = targets.config.experiments[targets.net_of(experiment)]
    if not isinstance(trained, Trained) or not isinstance(entry, Scored):
        return None
    validated = trained.data.validate_on or trained.data.test
    if (trained.data.dataset, validated) == (entry.data.dataset, entry.data.test):
        return "test"
    return "training" if validated == trained.data.train else "validation"
