"""The part of the configuration that a run is of: some tables, some rows, and what they need."""

from collections.abc import Collection

from fcnlib.config.checks_data import require_known
from fcnlib.config.overlays import needed
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import Scored, UpperBound
from fcnlib.config.schema_figures import Figure
from fcnlib.config.yaml_files import ConfigSource


def restricted(config: Config, source: ConfigSource) -> Config:
    """Only the tables and rows that this run shows, and what they need."""
    listed, experiments = config.scales[config.scale].tables, config.experiments
    if listed is None and config.rows is None and not source.gone("experiments"):
        return config
    tables = {*(config.tables if listed is None else listed)}
    rows = {
        name: entry
        for name, entry in experiments.items()
        if listed is None or tables & {*entry.tables}
    }
    if config.rows is not None:
        _check_rows(config, rows, source)
        rows = {name: rows[name] for name in config.rows}
        tables &= {table for entry in rows.values() for table in entry.tables}
    return _part(config, tables, rows)


def _check_rows(config: Config, rows: Collection[str], source: ConfigSource) -> None:
    """The rows to run are experiments, and in the tables to run."""
    for name in config.rows or ():
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
                name: figure
                for name, figure in config.figures.items()
                if {*figure.experiments} <= experiments.keys() and _has_rows(figure, config, tables)
            },
        }
    )


def _has_rows(figure: Figure, config: Config, tables: Collection[str]) -> bool:
    """Whether these tables have all that a figure of tables shows; one of all, whether any has."""
    if figure.kind != "ablation" or figure.tables:
        return {*figure.tables} <= {*tables}
    return any("mean_iu" in config.tables[name].columns for name in tables)
