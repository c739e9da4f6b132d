"""Encode a prepared data set's depth as disparity, height and angle."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.datasets.hha.prepare import prepare_hha

with job(snakemake.log[0], snakemake.threads):
    prepare_hha(Path(snakemake.output.info).parent, workers=snakemake.threads)
