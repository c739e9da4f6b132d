"""Sum up how long the jobs of each rule took."""

from fcnlib.benchmarks import write_times
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    write_times(snakemake.input.benchmarks, snakemake.output.times)
