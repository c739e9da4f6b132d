"""Write the VOC2011 archive of synthetic scenes."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_voc2011
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_voc2011(Path(snakemake.output.archive), **snakemake.params.scenes)
