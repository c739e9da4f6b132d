"""Draw the scenes of the VOC2010 archive."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_voc2010
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_voc2010(Path(snakemake.output.archive), **snakemake.params.scenes)
