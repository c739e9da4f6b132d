"""Record whether an archive is the published file."""

from pathlib import Path

from fcnlib.archives.verified import record_verified
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    record_verified(Path(snakemake.input.archive), Path(snakemake.output.record))
