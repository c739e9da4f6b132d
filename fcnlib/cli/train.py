"""The command of `fcn` that trains."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from fcnlib.cli.options import DEFAULT_CONFIG, ConfigFiles, Device, Threads, echo, find_device
from fcnlib.config.load import read_config
from fcnlib.config.schema_base import LARGEST_SEED
from fcnlib.core.errors import InputError
from fcnlib.core.provenance import provenance
from fcnlib.plan.paths import RunPaths
from fcnlib.plan.targets import Targets, find_entry
from fcnlib.training.trainer import train as train_net


def train(
    experiment: Annotated[str, typer.Argument(help="A name in the configuration.")],
    config: ConfigFiles = DEFAULT_CONFIG,
    seed: Annotated[int, typer.Option(help="Of the image order and of random weights.")] = 0,
    resume: Annotated[bool, typer.Option(help="Continue a run that was stopped.")] = True,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Train one experiment without Snakemake, on the files that Snakemake would use.

    Example: fcn train voc-fcn32s --threads 2
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"--seed: {seed}; expected 0 to {LARGEST_SEED}")
    torch.set_num_threads(threads)
    settings = read_config(config)
    targets, paths = Targets(settings), RunPaths(settings.scale)
    find_entry(targets.trained, experiment, "net to train")
    training = settings.training(experiment)
    checkpoint = Path(paths.checkpoint(experiment, seed))
    where, values = find_device(device), training.model_dump(mode="json")
    run = provenance(
        seed=seed,
        device=where,
        threads=threads,
        values=values,
        precision=training.recipe.precision,
    )
    train_net(
        training,
        dataset=Path(paths.dataset_folder(training.data.dataset)),
        initial_weights=[Path(file) for file in targets.starting_weights(experiment, seed)],
        seed=seed,
        checkpoint=checkpoint,
        curve=Path(paths.curve(experiment, seed)),
        device=where,
        provenance={**run, "images": settings.images(training.data.dataset)},
        resume=resume,
        save_minutes=settings.scales[settings.scale].save_minutes,
    )
    echo(checkpoint)
