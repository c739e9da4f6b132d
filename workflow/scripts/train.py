"""Train one experiment from its starting weights."""

from pathlib import Path

from fcnlib.config.schema_nets import Training
from fcnlib.core.job import job
from fcnlib.core.provenance import provenance
from fcnlib.training.trainer import train

with job(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.gpu) as device:
    train(
        Training.model_validate(snakemake.params.training),
        dataset=Path(snakemake.input.dataset).parent,
        initial_weights=[Path(path) for path in snakemake.input.get("weights", [])],
        seed=int(snakemake.wildcards.seed),
        checkpoint=Path(snakemake.output.checkpoint),
        curve=Path(snakemake.output.curve),
        device=device,
        save_minutes=snakemake.resources.save_seconds / 60,
        provenance={
            **provenance(
                seed=int(snakemake.wildcards.seed),
                device=device,
                threads=snakemake.threads,
                values=snakemake.params.training,
                precision=snakemake.params.training["recipe"]["precision"],
            ),
            "images": snakemake.params.images,
        },
    )
