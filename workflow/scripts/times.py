"""Sum up how long the jobs of each rule took."""

from fcnlib.core.job import job
from fcnlib.report.job_times import write_times

with job(snakemake.log[0], snakemake.threads):
    write_times(snakemake.params.benchmarks, snakemake.params.logs, snakemake.output.times)
