"""Plot mean IU by momentum and batch size."""

from fcnlib.core.job import job
from fcnlib.report.figures.momentum import plot_momentum

with job(snakemake.log[0], snakemake.threads):
    plot_momentum(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
