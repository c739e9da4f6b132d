"""Checks of the tables, rows and columns that claims name."""

from fcnlib.config.checks_data import require_known
from fcnlib.config.schema import Config
from fcnlib.config.schema_experiments import Trained
from fcnlib.config.yaml_files import ConfigSource
from fcnlib.core.errors import InputError


def check_claims(config: Config, source: ConfigSource) -> None:
    """The tables, rows and columns of a claim exist, in any study."""
    rows = {
        table: [name for name, entry in config.experiments.items() if table in entry.tables]
        for table in config.tables
    }
    trained = [name for name, entry in config.experiments.items() if isinstance(entry, Trained)]
    for name, claim in config.claims.items():
        for part in ("numbers", "published"):
            for key, (table, experiment, column) in getattr(claim, part).items():
                place = source.at(f"claims.{name}.{part}.{key}")
                require_known(table, config.tables, place, "is no table")
                require_known(experiment, rows[table], place, f"is no row of table {table}")
                columns = config.tables[table].columns
                require_known(column, columns, place, f"is no column of table {table}")
        for key, each in claim.reached.items():
            place = source.at(f"claims.{name}.reached.{key}")
            require_known(each.experiment, trained, place, "is no net that is trained")
            if (column := claim.numbers[each.score].column) != "mean_iu":
                raise InputError(f"{place}: score {each.score!r} is {column}; expected a mean_iu")
