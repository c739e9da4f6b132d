"""The command of `fcn` that trains."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from fcnlib.cli.options import (
    DEFAULT_CONFIG,
    ConfigFiles,
    Device,
    Threads,
    find_device,
    find_entry,
)
from fcnlib.config.load import read
from fcnlib.config.schema import Trained
from fcnlib.core.provenance import provenance
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
    torch.set_num_threads(threads)
    settings = read(config)
    nets = {n: e for n, e in settings.experiments.items() if isinstance(e, Trained)}
    find_entry(nets, experiment, "net to train")
    training = settings.training(experiment)
    data, results = Path("data") / settings.scale, Path("results") / settings.scale
    checkpoints = results / "checkpoints"
    start = training.net.start_from
    weights = [checkpoints / name / f"{seed}.pt" for name in start if start != "random"]
    if not start:
        weights = [data / "weights" / f"{training.net.backbone}.pt"]
    where, values = find_device(device), training.model_dump(mode="json")
    train_net(
        training,
        dataset=data / training.data.dataset,
        initial_weights=weights,
        seed=seed,
        checkpoint=checkpoints / experiment / f"{seed}.pt",
        curve=results / "curves" / experiment / f"{seed}.csv",
        device=where,
        provenance=provenance(seed=seed, device=where, threads=threads, values=values),
        resume=resume,
    )
    typer.echo(checkpoints / experiment / f"{seed}.pt")
