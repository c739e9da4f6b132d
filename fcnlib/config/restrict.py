"""A configuration with some of its rows, and what is left of it for them."""

from collections.abc import Collection, Iterable, Sequence

from fcnlib.config.schema import Config
from fcnlib.config.schema_base import suggestion
from fcnlib.config.schema_claims import Claim
from fcnlib.config.schema_experiments import PublishedOnly, Scored, UpperBound
from fcnlib.config.schema_figures import Figure
from fcnlib.core.errors import InputError

NO_RESULTS = "This run is a rehearsal: no number of it is a result."
SIDE_BY_SIDE = ("comparison", "losses")  # kinds of figures that show as well fewer nets


def restricted(config: Config, place: str) -> Config:
    """Only the tables that the scale shows and the rows that are asked for.

    Args:
        config: the configuration with all rows.
        place: the key of the rows, for messages.
    """
    tables = config.scales[config.scale].tables
    if tables is not None:
        wanted = [name for name, e in config.experiments.items() if set(e.tables) & set(tables)]
        config = _with_rows(config, wanted, tables)
    if not isinstance(config.rows, str):
        for name in config.rows:
            if name not in config.experiments:
                known = suggestion(name, config.experiments)
                raise InputError(f"{place}: {name!r} is no experiment; {known}")
        config = only_rows(config, config.rows)
    return _as_rehearsal(config) if config.rehearses else config


def only_rows(config: Config, rows: Collection[str]) -> Config:
    """These rows, those whose nets they start from, and the tables that these rows are in."""
    tables = [name for row in rows for name in config.experiments[row].tables]
    return _with_rows(config, rows, [name for name in config.tables if name in tables])


def with_starts(config: Config, rows: Iterable[str]) -> set[str]:
    """The rows, and all that they start from."""
    wanted = set(rows)
    for name, entry in reversed(config.experiments.items()):
        if name in wanted:
            wanted |= set(entry.starts(config.archives))
    return wanted


def _with_rows(config: Config, rows: Iterable[str], tables: Sequence[str]) -> Config:
    """These rows and what they start from, in these tables, with the data and figures of both."""
    wanted = with_starts(config, rows)
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
    figure: Figure, config: Config, experiments: Collection[str], tables: Sequence[str]
) -> Figure | None:
    """The figure if it has all its rows; a rehearsal plots the nets that there are."""
    if config.rehearses and figure.kind in SIDE_BY_SIDE:
        kept = tuple(name for name in figure.experiments if name in experiments)
        return figure.model_copy(update={"experiments": kept}) if kept else None
    is_whole = set(figure.experiments) <= set(experiments)
    return figure if is_whole and _has_rows(figure, config, tables) else None


def _has_rows(figure: Figure, config: Config, tables: Sequence[str]) -> bool:
    """Whether these tables have all that a figure of tables shows; one of all, whether any has."""
    if figure.kind != "ablation" or figure.tables:
        return set(figure.tables) <= set(tables)
    return any("mean_iu" in config.tables[name].columns for name in tables)


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
