"""Plot the upper bounds by downsampling factor."""

from fcnlib.core.job import job
from fcnlib.report.figures.bounds import plot_bounds

with job(snakemake.log[0], snakemake.threads):
    plot_bounds(
        snakemake.params.table,
        results=snakemake.input.results,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
