"""Keep the configuration of this run beside its results."""

from pathlib import Path

from fcnlib.files import write_json
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    write_json(Path(snakemake.output.configuration), snakemake.config)
