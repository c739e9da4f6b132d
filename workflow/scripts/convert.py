"""Turn published weights into a checkpoint as training writes it."""

from pathlib import Path

from fcnlib.convert import convert
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    convert(
        Path(snakemake.input.weights),
        snakemake.params.to,
        Path(snakemake.output.checkpoint),
    )
