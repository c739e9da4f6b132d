"""Write one table as CSV and Markdown."""

from fcnlib.core.job import job
from fcnlib.report.tables import build_table

with job(snakemake.log[0], snakemake.threads):
    build_table(
        snakemake.params.table,
        scale=snakemake.params.scale,
        metrics=snakemake.input.metrics,
        csv=snakemake.output.csv,
        markdown=snakemake.output.markdown,
    )
