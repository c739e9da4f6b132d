"""Fetch one published archive, or take it from the user's folder."""

from pathlib import Path

from fcnlib.archives.fetch import fetch
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    archive = Path(snakemake.output.archive)
    # Not a param: another folder with the same file is no reason to fetch it again.
    fetch(archive.name, archive.parent, source=snakemake.config.get("archive_folder"))
