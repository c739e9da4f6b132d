"""Write NYUDv2's archives of synthetic rooms."""

from pathlib import Path

from fcn_synthetic.archives.nyudv2 import write_nyudv2
from fcnlib.core.job import job

with job(snakemake.log[0], snakemake.threads):
    write_nyudv2(
        Path(snakemake.output.labeled),
        Path(snakemake.output.splits),
        Path(snakemake.output.mapping),
        **snakemake.params.scenes,
    )
