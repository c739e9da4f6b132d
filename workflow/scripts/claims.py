"""Hold the paper's claims against this run's numbers."""

from fcnlib.core.job import job
from fcnlib.report.claims import write_claims

with job(snakemake.log[0], snakemake.threads):
    write_claims(
        snakemake.output.claims,
        claims=snakemake.params.claims,
        results=snakemake.input.results,
        curves=snakemake.params.curves,
        metrics=snakemake.input.metrics,
    )
