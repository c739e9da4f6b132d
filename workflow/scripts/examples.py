"""Draw a table's nets side by side on test images between the worst and the best."""

from pathlib import Path

from fcnlib.figures_samples import draw_examples
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_examples(
        snakemake.params.table,
        models=snakemake.input.nets,
        counts=snakemake.input.counts,
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
