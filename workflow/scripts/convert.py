"""Turn released weights into a checkpoint as training writes it."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.datasets.reader import read_info
from fcnlib.inference.released import convert_released

with job(snakemake.log[0], snakemake.threads):
    info = read_info(Path(snakemake.input.dataset))
    convert_released(
        Path(snakemake.input.weights),
        snakemake.params.to,
        Path(snakemake.output.checkpoint),
        # A file of weights may name none.
        classes=info.tasks,
        palette=info.palette,
    )
