"""Plot mean IU by number of training images."""

from fcnlib.core.job import job
from fcnlib.report.figures.learning_curve import plot_learning_curve

with job(snakemake.log[0], snakemake.threads):
    plot_learning_curve(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        dataset=snakemake.input.dataset,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
