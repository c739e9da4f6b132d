"""Draw the training curves of a table's nets."""

from fcnlib.figures import draw_curves
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_curves(
        snakemake.params.table,
        curves=snakemake.input.curves,
        order=snakemake.params.order,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
