"""Plot the training curves of a table's nets."""

from fcnlib.core.job import job
from fcnlib.report.figures.curves import plot_curves

with job(snakemake.log[0], snakemake.threads):
    plot_curves(
        snakemake.params.figure,
        curves=snakemake.input.curves,
        image=snakemake.output.image,
        info=snakemake.output.info,
        chart=snakemake.output.chart,
    )
