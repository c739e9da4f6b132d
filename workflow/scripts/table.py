"""Write one table as CSV, Markdown and LaTeX."""

from fcnlib.core.job import job
from fcnlib.report.tables import build_table

with job(snakemake.log[0], snakemake.threads):
    build_table(
        snakemake.params.table,
        scale=snakemake.params.scale,
        metrics=snakemake.input.metrics,
        csv=snakemake.output.csv,
        markdown=snakemake.output.markdown,
        latex=snakemake.output.latex,
    )
