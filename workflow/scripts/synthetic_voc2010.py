"""Write the VOC2010 archive of synthetic scenes."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_voc2010
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_voc2010(Path(snakemake.output.archive), **snakemake.params.scenes)
