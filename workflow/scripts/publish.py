"""Write a trained net of ours in the format of the published weights."""

from pathlib import Path

from fcnlib.convert import to_caffemodel
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    to_caffemodel(Path(snakemake.input.checkpoint), Path(snakemake.output.weights))
