"""Checks of the tables, rows and columns that claims name."""

from fcnlib.config.checks_data import require_known
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import Trained
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError


def check_claims(config: Config, source: ConfigSource) -> None:
    """The tables, rows and columns of a claim exist, in any study, or are taken away."""
    rows = {
        table: [name for name, entry in config.experiments.items() if table in entry.tables]
        for table in config.tables
    }
    known = {
        part: [*getattr(config, part), *sorted(source.gone(part))]
        for part in ("tables", "experiments")
    }
    trained = [name for name, entry in config.experiments.items() if isinstance(entry, Trained)]
    for name, claim in config.claims.items():
        for part in ("numbers", "published"):
            for key, (table, experiment, column) in getattr(claim, part).items():
                place = source.at(f"claims.{name}.{part}.{key}")
                require_known(table, known["tables"], place, "is no table")
                if _is_gone(table, experiment, config, source):
                    require_known(experiment, known["experiments"], place, "is no experiment")
                    continue
                require_known(experiment, rows[table], place, f"is no row of table {table}")
                columns = config.tables[table].columns
                require_known(column, columns, place, f"is no column of table {table}")
        for key, each in claim.reached.items():
            place = source.at(f"claims.{name}.reached.{key}")
            if each.experiment not in source.gone("experiments"):
                require_known(each.experiment, trained, place, "is no net that is trained")
            if (column := claim.numbers[each.score].column) != "mean_iu":
                raise InputError(f"{place}: score {each.score!r} is {column}; expected a mean_iu")


def _is_gone(table: str, experiment: str, config: Config, source: ConfigSource) -> bool:
    """Whether a row is not there because an overlay took it, its table or its tables away."""
    if table in source.gone("tables") or experiment in source.gone("experiments"):
        return True
    return experiment in config.experiments and not config.experiments[experiment].tables
