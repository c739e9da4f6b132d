"""Score what a net of this stride could reach at best."""

from pathlib import Path

from fcnlib.config.schema_experiments import Downsampling
from fcnlib.core.job import job
from fcnlib.evaluation.evaluate import evaluate_bound
from fcnlib.evaluation.record import RunMetadata

with job(snakemake.log[0], snakemake.threads):
    evaluate_bound(
        Downsampling.model_validate(snakemake.params.values["upper_bound"]),
        dataset=Path(snakemake.input.dataset).parent,
        split=snakemake.params.values["data"]["test"],
        metrics=Path(snakemake.output.metrics),
        counts=Path(snakemake.output.counts),
        run=RunMetadata.of(
            experiment=snakemake.wildcards.experiment,
            seed=int(snakemake.wildcards.seed),
            device="cpu",
            threads=snakemake.threads,
            values=snakemake.params.values,
        ),
    )
