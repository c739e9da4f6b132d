"""Show a table's nets side by side on test images between the worst and the best."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.report.figures.examples import plot_examples

with job(snakemake.log[0], snakemake.threads):
    plot_examples(
        snakemake.params.figure,
        models=snakemake.input.nets,
        counts=snakemake.input.counts,
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        info=snakemake.output.info,
        images=snakemake.output.images,
    )
