"""Thin nets that learn from a small data set of several inputs and tasks."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fcnlib.config import Net, Recipe, Training
from fcnlib.config_data import CHANNELS, Data
from fcnlib.datasets.prepared import Prepared
from fcnlib.evaluate import evaluate
from fcnlib.train import train

THIN: dict[str, Any] = {
    **{"backbone": "vgg16", "predict_from": ["fc7"], "start_from": "random"},
    **{"width": 1 / 32, "padding": 1, "fc6_kernel": 3, "dropout": 0.0},
}
RECIPE: dict[str, Any] = {
    **{"learning_rate": 1e-5, "iterations": 12, "validate_every": 6, "mirror": True},
}
BOTH = ("semantic", "geometric")


def training(
    inputs: Sequence[str] = ("rgb",),
    tasks: Sequence[str] = BOTH,
    net: dict[str, Any] | None = None,
    mean: str = "start",
    **recipe: Any,
) -> Training:
    channels = sum(CHANNELS[name] for name in inputs)  # type: ignore[index]
    values = {"dataset": "rooms", "inputs": inputs, "tasks": tasks, "test": "test", "mean": mean}
    return Training(
        data=Data.model_validate(values),
        net=Net.model_validate({**THIN, "input_channels": channels, **(net or {})}),
        recipe=Recipe.model_validate({**RECIPE, **recipe}),
    )


def trained(rooms: Prepared, folder: Path, values: Training, *start: Path) -> Path:
    train(
        values,
        dataset=rooms.root,
        start=start,
        seed=0,
        checkpoint=folder / "net.pt",
        curve=folder / "net.csv",
        device="cpu",
        provenance={"device": "cpu", "threads": 1},
    )
    return folder / "net.pt"


def scored(rooms: Prepared, model: Path, folder: Path, **options: Any) -> tuple[Any, Any]:
    metrics, counts = folder / "m.json", folder / "m.npz"
    given: dict[str, Any] = {"split": "test", "device": "cpu", "facts": {}, **options}
    evaluate(model, dataset=rooms.root, metrics=metrics, counts=counts, **given)
    return json.loads(metrics.read_text()), np.load(counts)
