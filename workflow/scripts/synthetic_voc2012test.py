"""Write the VOC2012 test archive of synthetic scenes."""

from pathlib import Path

from fcn_synthetic.archives.voc import write_voc2012_test
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_voc2012_test(Path(snakemake.output.archive), **snakemake.params.scenes)
