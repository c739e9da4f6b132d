"""Draw one net's worst, median and best test images."""

from pathlib import Path

from fcnlib.figures_samples import draw_examples
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    draw_examples(
        snakemake.params.net,
        model=snakemake.input.models[0],
        counts=snakemake.input.counts[0],
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        card=snakemake.output.card,
    )
