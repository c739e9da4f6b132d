"""Plot the IU of every class for a table's nets."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.report.figures.class_iu import plot_class_iu

with job(snakemake.log[0], snakemake.threads):
    plot_class_iu(
        snakemake.params.figure,
        metrics=snakemake.input.metrics,
        dataset=Path(snakemake.input.dataset).parent,
        image=snakemake.output.image,
        info=snakemake.output.info,
    )
