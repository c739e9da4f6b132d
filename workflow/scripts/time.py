"""Time ways to compute scores, one after another."""

from fcnlib.core.job import job
from fcnlib.evaluation.timing import time_ways

THREADS = 1  # as those that score nets; the rule has all others wait

with job(snakemake.log[0], THREADS, gpus=snakemake.resources.gpu) as device:
    time_ways(
        snakemake.params.timings,
        metrics=snakemake.output.metrics,
        seed=snakemake.params.seed,
        device=device,
        threads=THREADS,
    )
