"""Write the page of results."""

from fcnlib.core.job import job
from fcnlib.plan.commands import commands
from fcnlib.report.page.page import PageInputs, write_page

with job(snakemake.log[0], snakemake.threads):
    inputs = PageInputs(
        output=snakemake.output.page,
        scale=snakemake.params.scale,
        tables=snakemake.params.tables,
        csvs=snakemake.input.csvs,
        results=snakemake.input.results,
        metrics=snakemake.input.metrics,
        datasets=snakemake.input.datasets,
        curves=snakemake.params.curves,
        training=snakemake.params.training,
        training_logs=snakemake.params.training_logs,
        benchmarks=snakemake.params.benchmarks,
        logs=snakemake.params.logs,
        figures=snakemake.input.figures,
        images=snakemake.input.images,
        claims=snakemake.input.claims,
        configuration=snakemake.input.configuration,
        archives=snakemake.input.archives,
        rehearsal=snakemake.input.rehearsal,
        estimate=snakemake.params.estimate,
        commands=commands(snakemake.params.scale, snakemake.config),
        part=snakemake.params.part,
    )
    write_page(inputs)
