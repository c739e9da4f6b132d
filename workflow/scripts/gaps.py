"""Plot the gaps between nets and the upper bounds of their strides."""

from fcnlib.core.job import job
from fcnlib.report.figures.gaps import plot_gaps

with job(snakemake.log[0], snakemake.threads):
    plot_gaps(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
