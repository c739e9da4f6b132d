"""Time one way to compute scores."""

from pathlib import Path

from fcnlib.config.schema import Timing
from fcnlib.core.job import job
from fcnlib.core.provenance import run_metadata
from fcnlib.evaluation.timing import time_way

with job(snakemake.log[0], snakemake.threads) as device:
    time_way(
        Timing.model_validate(snakemake.params.timing),
        metrics=Path(snakemake.output.metrics),
        device=device,
        facts=run_metadata(
            experiment=snakemake.wildcards.experiment,
            seed=int(snakemake.wildcards.seed),
            device=device,
            threads=snakemake.threads,
            values={"timing": snakemake.params.timing},
        ),
    )
