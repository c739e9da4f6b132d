"""Draw the losses of several experiments by iteration and time."""

from fcnlib.figures_losses import draw_losses
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_losses(
        snakemake.params.figure,
        curves=snakemake.input.curves,
        order=snakemake.params.order,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
