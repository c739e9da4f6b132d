"""Pre-train a narrow classifier on drawn objects."""

from pathlib import Path

from fcnlib.config import Pretraining
from fcnlib.job import job
from fcnlib.pretrain import pretrain
from fcnlib.provenance import provenance

with job(snakemake.log[0], snakemake.threads) as device:
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
