"""Fetch one published archive, or take it from the user's folder."""

from pathlib import Path

from fcnlib.datasets.fetch import fetch
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    archive = Path(snakemake.output.archive)
    fetch(archive.name, archive.parent, source=snakemake.params.folder)
