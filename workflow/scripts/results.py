"""Join all tables into results.csv, and the scores of each experiment into a file."""

from fcnlib.core.job import job
from fcnlib.report.results import join_tables, write_scores

with job(snakemake.log[0], snakemake.threads):
    join_tables(snakemake.input.tables, snakemake.output.results)
    write_scores(
        snakemake.output.results,
        experiments=snakemake.params.experiments,
        outputs=snakemake.output.scores,
    )
