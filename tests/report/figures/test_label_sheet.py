"""The sheet of images under their labels."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.own_files import own
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.images import distinct_palette
from fcnlib.report.figures.label_sheet import save_label_sheet, sheet_ids


def counts(**pixels: list[int]) -> dict[str, np.ndarray]:
    return {id: np.array([*each, *[0] * (256 - len(each))]) for id, each in pixels.items()}


def test_every_class_is_seen_and_the_rarest_where_there_is_most_of_it() -> None:
    found = counts(a=[100, 0, 0], b=[99, 1, 0], c=[90, 10, 0], d=[50, 0, 50], e=[100, 0, 0])
    assert sheet_ids(found, 3, most=2) == ["c", "d"]
    assert sheet_ids(found, 3, most=4) == ["a", "b", "c", "d"]
    assert sheet_ids(found, 3) == ["a", "b", "c", "d", "e"]


def test_images_are_shown_beside_their_labels_and_bad_ones_left_out(tmp_path: Path) -> None:
    folder = own(tmp_path / "own", images=5)
    (folder / "masks/im3.png").write_bytes(b"no mask")
    Image.new("RGB", (90, 20), "white").save(folder / "images/im4.png")
    result = check(FolderDataset(converter="folder", path=folder))
    save_label_sheet(result, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert image.width == 1500
    assert (pixels == distinct_palette()[0]).all(axis=1).sum() > 50  # in the legend


def test_where_nothing_can_be_read_there_is_no_sheet(tmp_path: Path) -> None:
    folder = own(tmp_path / "own")
    for path in (folder / "masks").iterdir():
        path.write_bytes(b"no mask")
    result = check(FolderDataset(converter="folder", path=folder))
    with pytest.raises(InputError, match="not written, as no image and mask of"):
        save_label_sheet(result, tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()
