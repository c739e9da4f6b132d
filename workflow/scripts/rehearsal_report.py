"""Hold what a rehearsal measured against what the whole run asks for."""

from fcnlib.core.job import job
from fcnlib.report.rehearsal_text import write_rehearsal

with job(snakemake.log[0], snakemake.threads):
    write_rehearsal(
        snakemake.params.spec,
        content=snakemake.output.content,
        markdown=snakemake.output.markdown,
    )
