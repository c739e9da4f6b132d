"""Draw the mean IU of every row of several tables."""

from fcnlib.figures_overview import draw_ablation
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_ablation(
        snakemake.params.figure,
        results=snakemake.input.results,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
