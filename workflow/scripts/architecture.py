"""Plot which layers nets predict from, and list their maps."""

from fcnlib.core.job import job
from fcnlib.report.figures.architecture import plot_architecture

with job(snakemake.log[0], snakemake.threads):
    plot_architecture(
        snakemake.params.figure,
        image=snakemake.output.image,
        info=snakemake.output.info,
        maps=snakemake.output.maps,
    )
