"""Draw mean IU by momentum and batch size."""

from fcnlib.figures_overview import draw_momentum
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_momentum(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
