"""Join all tables into results.csv."""

from fcnlib.job import job
from fcnlib.tables import join_tables

with job(snakemake.log[0], snakemake.threads):
    join_tables(snakemake.input.tables, snakemake.output.results)
