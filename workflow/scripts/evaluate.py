"""Score a net on its test split."""

from pathlib import Path

from fcnlib.core.job import job
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.evaluation.record import RunMetadata

with job(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.gpu) as device:
    evaluate(
        Path(snakemake.input.net),
        dataset=Path(snakemake.input.dataset).parent,
        split=snakemake.params.values["data"]["test"],
        metrics=Path(snakemake.output.metrics),
        counts=Path(snakemake.output.counts),
        device=device,
        side=snakemake.params.side,
        runs=snakemake.params.runs,
        foreground=snakemake.params.values["data"]["foreground"],
        mask=snakemake.params.values["data"]["test_mask"],
        run=RunMetadata.of(
            experiment=snakemake.wildcards.experiment,
            seed=int(snakemake.wildcards.seed),
            device=device,
            threads=snakemake.threads,
            values=snakemake.params.values,
        ),
    )
