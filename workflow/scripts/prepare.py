"""Turn archives or a user's folder into the prepared layout."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.datasets.converters.registry import prepare

with job(snakemake.log[0], snakemake.threads):
    prepare(
        snakemake.params.values,
        snakemake.input.files,
        Path(snakemake.output.dataset).parent,
        workers=snakemake.threads,
    )
