"""Show nets side by side on the same images."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.report.figures.comparison import plot_comparison

with job(snakemake.log[0], snakemake.threads):
    plot_comparison(
        snakemake.params.figure,
        models=snakemake.input.nets,
        counts=snakemake.input.counts,
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
