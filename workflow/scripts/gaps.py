"""Draw what nets leave of the upper bounds of their strides."""

from fcnlib.figures_bounds import draw_gaps
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_gaps(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
