"""Bring published classifier weights under the published layer names."""

from pathlib import Path

from fcnlib.job import job
from fcnlib.models.transplant import import_weights

with job(snakemake.log[0], snakemake.threads):
    import_weights(Path(snakemake.input.weights), Path(snakemake.output.weights))
