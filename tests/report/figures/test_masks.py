"""Figures of masked inputs: they show what the net sees."""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from fixtures.masking import counts, masked_pixels

from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.samples import as_tensor
from fcnlib.inference.model import load_model
from fcnlib.report.figures.comparison import plot_comparison
from fcnlib.report.figures.info import read_figure_info
from fcnlib.report.figures.inputs import masked_picture


def test_a_sheet_shows_what_the_net_saw(world: Path, lively_model: Path, tmp_path: Path) -> None:
    for number, mask in enumerate(("none", "shape")):
        counts(lively_model, world, tmp_path, mask=mask)
        shutil.copy(tmp_path / "0.npz", tmp_path / f"counts{number}.npz")
    nets = [
        {"experiment": "a", "row": "Reference"},
        {"experiment": "b", "row": "Shape only", "mask": "shape"},
    ]
    info = tmp_path / "sheet.json"
    plot_comparison(
        {"name": "s", "title": "Sheet", "seed": 0, "images": 1, "nets": nets},
        models=2 * [lively_model],
        counts=[tmp_path / "counts0.npz", tmp_path / "counts1.npz"],
        dataset=world, image=info.with_suffix(".png"), info=info,
    )  # fmt: skip
    assert (
        "Image, Mask alone, Ground truth, Reference, Shape only (sees mask"
        in read_figure_info(info).alt
    )
    assert "0 to the net" in json.loads(info.read_text("utf-8"))["caption"]
    data = PreparedDataset(world)
    name = data.ids("seg11valid")[0]
    seen = masked_picture(
        data, name, "semantic", input_mask("shape", load_model(lively_model), data, "semantic")
    )
    label = data.label(name)
    assert (seen[..., 0] == np.where(label > 0, 255, 0)).all()


def test_masked_pixels_are_shown_in_the_nets_mean_colour(world: Path, lively_model: Path) -> None:
    data = PreparedDataset(world)
    name = data.ids("seg11valid")[0]
    mask = input_mask("background", load_model(lively_model), data, "semantic")
    seen, image = masked_picture(data, name, "semantic", mask), data.image(name)
    objects = ~masked_pixels("background", data.label(name))
    assert (seen[objects] == image[objects]).all() and objects.any()
    assert (seen[~objects] == (124, 118, 101)).all()
    stack = mask.apply(data.stack(name, ["rgb"]), data.label(name))
    assert as_tensor(stack).dtype == torch.float32
