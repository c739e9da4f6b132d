"""Write PASCAL-Context's labels of the scenes of the VOC2010 archive."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_context
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_context(Path(snakemake.output.archive), **snakemake.params.scenes)
