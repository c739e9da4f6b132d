"""Plot the mean IU of every row of several tables."""

from fcnlib.core.job import job
from fcnlib.report.figures.ablation import draw_ablation

with job(snakemake.log[0], snakemake.threads):
    draw_ablation(
        snakemake.params.figure,
        results=snakemake.input.results,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
