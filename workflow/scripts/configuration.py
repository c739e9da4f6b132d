"""Keep the configuration of this run beside its results."""

from pathlib import Path

from fcnlib.core.files import write_json
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_json(Path(snakemake.output.configuration), snakemake.config)
