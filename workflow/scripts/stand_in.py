"""Write a classifier of random weights under the name of a published one."""

from pathlib import Path

from fcn_synthetic.stand_ins import write_stand_in
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_stand_in(Path(snakemake.output.weights), **snakemake.params.classifier)
