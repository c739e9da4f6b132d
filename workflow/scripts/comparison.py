"""Draw nets side by side on the same images."""

from pathlib import Path

from fcnlib.figures_samples import draw_comparison
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_comparison(
        snakemake.params.figure,
        models=snakemake.input.nets,
        counts=snakemake.input.counts,
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
