"""Plot the mean IU of every row of several tables."""

from fcnlib.core.job import job
from fcnlib.report.figures.ablation import plot_ablation

with job(snakemake.log[0], snakemake.threads):
    plot_ablation(
        snakemake.params.figure,
        results=snakemake.input.results,
        image=snakemake.output.image,
        narrow=snakemake.output.narrow,
        info=snakemake.output.info,
    )
