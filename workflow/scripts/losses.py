"""Plot the losses of several experiments by iteration and time."""

from fcnlib.core.job import job
from fcnlib.report.figures.losses import plot_losses

with job(snakemake.log[0], snakemake.threads):
    plot_losses(
        snakemake.params.figure,
        curves=snakemake.input.curves,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
