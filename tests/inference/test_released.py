"""Released weights: converted, replaced, or marked as not available."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from fixtures.marks import MARK, marked
from fixtures.nets import with_random_weights

from fcnlib.archives.unavailable import read_mark, write_mark
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.voc import CLASSES
from fcnlib.datasets.images import voc_palette
from fcnlib.inference.convert import convert, to_caffemodel
from fcnlib.inference.model import load_model
from fcnlib.inference.released import convert_released, export_available
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.checkpoint import read_checkpoint
from fcnlib.models.weights.sources import read_weights

LABELS = {
    "classes": {"semantic": list(CLASSES)},
    "palette": {"semantic": [list(colour) for colour in voc_palette()[: len(CLASSES)]]},
}


def test_a_missing_file_hands_its_mark_on_to_checkpoint_and_model(tmp_path: Path) -> None:
    source, checkpoint, model = (tmp_path / name for name in ("n.caffemodel", "0.pt", "0.ts"))
    convert_released(marked(source), "fcn32s-vgg16", checkpoint, **LABELS)
    export_available(checkpoint, model)
    assert read_mark(checkpoint) == read_mark(model) == MARK


def test_the_file_in_its_place_is_converted_and_named(tmp_path: Path) -> None:
    net = with_random_weights(build_fcn(classes=21, predict_from=["fc7"], width=1 / 64))
    trained = {name: x for name, x in net.state_dict().items() if not name.startswith("input_")}
    torch.save(trained, tmp_path / "n.pth")
    write_mark(tmp_path / "n.caffemodel", MARK.model_copy(update={"fallback": "n.pth"}))
    convert_released(tmp_path / "n.caffemodel", "fcn32s-vgg16", tmp_path / "0.pt", **LABELS)
    found = read_checkpoint(tmp_path / "0.pt")
    assert found.provenance["converted_from"] == "n.pth"
    assert found.classes == {"semantic": CLASSES}
    torch.testing.assert_close(found.state["fc6.weight"], net.state_dict()["fc6.weight"])


READERS: dict[str, Callable[[Path, Path], object]] = {
    "load_model": lambda path, _: load_model(path),
    "read_weights": lambda path, _: read_weights(path),
    "convert": lambda path, out: convert(path, "", out / "out.ts"),
    "to_caffemodel": lambda path, out: to_caffemodel(path, out / "out.caffemodel"),
}


@pytest.mark.parametrize("name", ["n.caffemodel", "0.pt", "n.pth", "0.ts"])
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_takes_a_mark_for_weights(tmp_path: Path, reader: str, name: str) -> None:
    path = marked(tmp_path / name)
    with pytest.raises(InputError, match="only the mark that a published file was not") as caught:
        READERS[reader](path, tmp_path)
    assert "\n" not in str(caught.value) and "--retry" in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == [name]
