"""Time one way to compute scores."""

from pathlib import Path

from fcnlib.config.schema_experiments import Timing
from fcnlib.core.job import job
from fcnlib.evaluation.record import RunMetadata
from fcnlib.evaluation.timing import time_way

THREADS = 1  # as those that score nets; the rule has all others wait

with job(snakemake.log[0], THREADS, gpus=snakemake.resources.gpu) as device:
    time_way(
        Timing.model_validate(snakemake.params.timing),
        metrics=Path(snakemake.output.metrics),
        device=device,
        run=RunMetadata.of(
            experiment=snakemake.wildcards.experiment,
            seed=int(snakemake.wildcards.seed),
            device=device,
            threads=THREADS,
            values={"timing": snakemake.params.timing},
        ),
    )
