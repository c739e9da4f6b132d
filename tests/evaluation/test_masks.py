"""Evaluation of masked inputs: nothing of masked pixels gets through."""

from pathlib import Path
from typing import Any

import pytest
from fixtures.masking import counts
from fixtures.runs import RUN
from fixtures.scenes import PLACES, ByChannel, write_model, write_places

from fcnlib.config.schema_data import Mask
from fcnlib.core.errors import InputError
from fcnlib.datasets.masking import input_mask
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.evaluation.evaluate import evaluate
from fcnlib.inference.model import load_model


@pytest.mark.parametrize("foreground", [False, True])
def test_masked_pixels_change_no_count(
    repainted: tuple[Mask, Path], world: Path, lively_model: Path, tmp_path: Path, foreground: bool
) -> None:
    mask, other = repainted
    options: dict[str, Any] = {"foreground": foreground}
    first, second = (
        counts(lively_model, each, tmp_path, mask=mask, **options) for each in (world, other)
    )
    assert (first == second).all()
    seen = counts(lively_model, other, tmp_path, **options)
    assert (seen != first).any(), "without a mask, they do"


def test_labels_without_background_cannot_mask(tmp_path: Path) -> None:
    dataset = write_places(tmp_path / "places")
    model = write_model(
        tmp_path / "0.ts",
        ByChannel(0, 60, 4),
        inputs=["rgb"],
        classes={"semantic": PLACES["semantic"]},
    )
    with pytest.raises(InputError, match=r"mask shape: semantic begins with 'sky'; expected back"):
        input_mask("shape", load_model(model, trust=True), PreparedDataset(dataset), "semantic")
    files = {"metrics": tmp_path / "0.json", "counts": tmp_path / "0.npz"}
    with pytest.raises(InputError, match=r"places: mask foreground: semantic begins with 'sky'"):
        evaluate(model, dataset=dataset, split="test", device="cpu", run=RUN, mask="foreground",
                 trust=True, **files)  # fmt: skip
    assert not files["metrics"].exists()
