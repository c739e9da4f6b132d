"""Encode a prepared data set's depth as disparity, height and angle."""

from pathlib import Path

from fcnlib.datasets.hha_images import prepare_hha
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    prepare_hha(Path(snakemake.output.info).parent, workers=snakemake.threads)
