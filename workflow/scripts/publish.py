"""Write a trained net of ours in the format of the published weights."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.inference.convert import to_caffemodel

with job(snakemake.log[0], snakemake.threads):
    to_caffemodel(Path(snakemake.input.checkpoint), Path(snakemake.output.weights))
