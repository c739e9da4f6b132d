"""Label VOC's test images and pack them for PASCAL's evaluation server."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.inference.voc_server import submit

with job(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.gpu) as device:
    submit(
        Path(snakemake.input.images),
        model=Path(snakemake.input.net),
        out=Path(snakemake.output.archive),
        year=snakemake.params.year,
        device=device,
    )
