"""Fetch one published archive, or take it from the user's folder; a released net may be missing."""

from pathlib import Path

from fcnlib.archives.fetch import fetch_or_mark
from fcnlib.config.load import load_config
from fcnlib.core.job import job
from fcnlib.plan.targets import Targets

with job(snakemake.log[0], snakemake.threads):
    archive = Path(snakemake.output.archive)
    # Not params: neither another folder with the same file is a reason to fetch it again, nor
    # another one to take its place.
    fetch_or_mark(
        archive.name,
        archive.parent,
        optional=Targets(load_config(snakemake.config)).optional_downloads,
        source=snakemake.config.get("archive_folder"),
    )
