"""Write the SIFT Flow archive of synthetic scenes."""

from pathlib import Path

from fcn_synthetic.archives.siftflow import write_siftflow
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_siftflow(Path(snakemake.output.archive), **snakemake.params.scenes)
