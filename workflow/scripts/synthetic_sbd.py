"""Write the SBD archive of synthetic scenes."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_sbd
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_sbd(Path(snakemake.output.archive), **snakemake.params.scenes)
