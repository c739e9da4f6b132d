"""Bring published classifier weights under the published layer names."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.inference.convert import import_weights

with job(snakemake.log[0], snakemake.threads):
    import_weights(
        Path(snakemake.input.weights),
        snakemake.wildcards.backbone,
        Path(snakemake.output.weights),
    )
