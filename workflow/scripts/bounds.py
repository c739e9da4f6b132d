"""Draw the upper bounds by downsampling factor."""

from fcnlib.figures_bounds import draw_bounds
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_bounds(
        snakemake.params.table,
        results=snakemake.input.results,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
