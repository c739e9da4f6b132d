"""Write a trained net as TorchScript."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.inference.released import export_available

with job(snakemake.log[0], snakemake.threads):
    export_available(Path(snakemake.input.checkpoint), Path(snakemake.output.model))
