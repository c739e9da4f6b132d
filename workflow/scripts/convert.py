"""Turn published weights into a checkpoint as training writes it."""

from pathlib import Path

from fcnlib.convert import convert
from fcnlib.datasets.prepared import read_info
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    info = read_info(Path(snakemake.input.dataset))
    convert(
        Path(snakemake.input.weights),
        snakemake.params.to,
        Path(snakemake.output.checkpoint),
        # A file of weights may name none.
        classes=info.tasks,
        palette=info.palette,
    )
