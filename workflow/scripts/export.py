"""Write a trained net as TorchScript."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.inference.torchscript import export_checkpoint

with job(snakemake.log[0], snakemake.threads):
    export_checkpoint(Path(snakemake.input.checkpoint), Path(snakemake.output.model))
