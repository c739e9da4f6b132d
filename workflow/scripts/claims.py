"""Hold the paper's claims against this run's numbers."""

from fcnlib.claims import write_claims
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    write_claims(
        snakemake.output.claims,
        claims=snakemake.input.claims,
        results=snakemake.input.results,
        images=snakemake.params.images,
    )
