"""What to type to get the same run again."""

from collections.abc import Mapping
from typing import Any

from fcnlib.config.studies import read_raw_config
from fcnlib.plan.paths import RunPaths


def commands(scale: str, raw_config: Mapping[str, Any]) -> list[str]:
    """The commands that make the run of a configuration again, from the copy beside its results.

    Those are exact whatever was laid over config.yaml, by files or on the command line.
    """
    configuration = RunPaths(scale).configuration
    exact = [
        f"snakemake all --configfile {configuration}",
        f"snakemake --profile slurm all --configfile {configuration}",
    ]
    is_unchanged = scale == "demo" and raw_config == read_raw_config(["config.yaml"])[0]
    return ["make demo", *exact] if is_unchanged else exact
