"""Pre-train a narrow classifier on synthetic objects."""

from pathlib import Path

from fcn_synthetic.pretrain import pretrain
from fcnlib.config.schema_pretraining import Pretraining
from fcnlib.core.job import job
from fcnlib.core.provenance import provenance

with job(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.gpu) as device:
    pretrain(
        snakemake.wildcards.backbone,
        Pretraining.model_validate(snakemake.params.recipe),
        **snakemake.params.net,
        path=Path(snakemake.output.weights),
        device=device,
        provenance=provenance(
            seed=snakemake.params.recipe["seed"],
            device=device,
            threads=snakemake.threads,
            values=snakemake.params.recipe,
        ),
    )
