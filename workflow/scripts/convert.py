"""Turn published weights into a checkpoint as training writes it."""

from itertools import chain
from pathlib import Path

from fcnlib.convert import convert
from fcnlib.datasets.prepared import read_info
from fcnlib.job import job

with job(snakemake.log[0], snakemake.threads):
    convert(
        Path(snakemake.input.weights),
        snakemake.params.to,
        Path(snakemake.output.checkpoint),
        # A file of weights names none; its heads stand in the order of the data set's tasks.
        classes=[*chain(*read_info(Path(snakemake.input.dataset)).tasks.values())],
    )
