"""The part of the configuration that a run is of: some tables, some rows, and what they need."""

from collections.abc import Collection, Iterable

from fcnlib.config.checks_data import require_known
from fcnlib.config.overlays import needed
from fcnlib.config.schema import Config
from fcnlib.config.schema_claims import Claim
from fcnlib.config.schema_experiments import PublishedOnly, Scored, UpperBound
from fcnlib.config.schema_figures import Figure
from fcnlib.config.yaml_files import ConfigSource

NO_RESULTS = "This run is a rehearsal: no number of it is a result."
# Kinds of figures that show as well fewer nets.
SIDE_BY_SIDE = ("comparison", "losses", "architecture")


def restricted(config: Config, source: ConfigSource) -> Config:
    """Only the tables and rows that this run shows, and what they need."""
    config = _of_tables_and_rows(config, source)
    return _as_rehearsal(config) if config.rehearses else config


def only_rows(config: Config, rows: Iterable[str]) -> Config:
    """These rows, those that they start from, and the tables that these rows are in."""
    tables = {table for name in rows for table in config.experiments[name].tables}
    return _part(config, tables & config.tables.keys(), {*rows})


def _of_tables_and_rows(config: Config, source: ConfigSource) -> Config:
    listed, experiments = config.scales[config.scale].tables, config.experiments
    named = config.rows if isinstance(config.rows, tuple) else None
    if listed is None and named is None and not source.gone("experiments"):
        return config
    tables = {*(config.tables if listed is None else listed)}
    rows = {
        name: entry
        for name, entry in experiments.items()
        if listed is None or tables & {*entry.tables}
    }
    if named is not None:
        _check_rows(named, config, rows, source)
        rows = {name: rows[name] for name in named}
        tables &= {table for entry in rows.values() for table in entry.tables}
    return _part(config, tables, rows)


def _check_rows(
    named: Iterable[str], config: Config, rows: Collection[str], source: ConfigSource
) -> None:
    """The rows to run are experiments, and in the tables to run."""
    for name in named:
        require_known(name, config.experiments, source.at("rows"), "is no experiment")
        require_known(name, rows, source.at("rows"), "is no row of the tables of this run")


def _part(config: Config, tables: Collection[str], rows: Collection[str]) -> Config:
    """These tables and rows, and the experiments and data sets that they need."""
    wanted = needed(config, rows)
    experiments = {name: e for name, e in config.experiments.items() if name in wanted}
    with_data = [entry for entry in experiments.values() if isinstance(entry, Scored | UpperBound)]
    datasets = {entry.data.dataset for entry in with_data}
    return config.model_copy(
        update={
            "tables": {name: table for name, table in config.tables.items() if name in tables},
            "experiments": experiments,
            "datasets": {name: d for name, d in config.datasets.items() if name in datasets},
            "figures": {
                name: left
                for name, figure in config.figures.items()
                if (left := _figure(figure, config, experiments, tables))
            },
        }
    )


def _figure(
    figure: Figure, config: Config, experiments: Collection[str], tables: Collection[str]
) -> Figure | None:
    """The figure if it has all its rows; a rehearsal plots the nets that there are."""
    if config.rehearses and figure.kind in SIDE_BY_SIDE:
        kept = tuple(name for name in figure.experiments if name in experiments)
        return figure.model_copy(update={"experiments": kept}) if kept else None
    is_whole = {*figure.experiments} <= {*experiments}
    return figure if is_whole and _has_rows(figure, config, tables) else None


def _has_rows(figure: Figure, config: Config, tables: Collection[str]) -> bool:
    """Whether these tables have all that a figure of tables shows.

    One of all tables compares with the paper: whether any of them has something to compare.
    """
    if figure.kind != "ablation" or figure.tables:
        return {*figure.tables} <= {*tables}
    published = {x for entry in config.experiments.values() if entry.paper for x in entry.tables}
    return any("mean_iu" in config.tables[x].columns for x in published & {*tables})


def _as_rehearsal(config: Config) -> Config:
    """Without published numbers, best scores and notes, as no number is a result."""
    return config.model_copy(
        update={
            "tables": {
                name: table.model_copy(
                    update={
                        "title": f"No results: {table.title}",
                        "note": "",
                        "highlight_best": False,
                    }
                )
                for name, table in config.tables.items()
            },
            "experiments": {
                name: entry.model_copy(update={"paper": {}})
                for name, entry in config.experiments.items()
                if not isinstance(entry, PublishedOnly)
            },
            "claims": {name: _untested(claim) for name, claim in config.claims.items()},
        }
    )


def _untested(claim: Claim) -> Claim:
    """The claim as no run can decide it, but for what tests show."""
    if claim.tests or claim.untested:
        return claim
    nothing: dict[str, object] = {"numbers": {}, "published": {}, "reached": {}, "holds": None}
    return claim.model_copy(update={**nothing, "untested": NO_RESULTS})
