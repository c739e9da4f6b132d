"""NYUDv2 as its authors' release: what is in the archive comes out, and bad ones are refused."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import mat, png, write_tar

from fcnlib.config.schema_data import ArchiveDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets import images
from fcnlib.datasets.converters.nyudv2_release import convert_nyudv2_release
from fcnlib.datasets.reader import PreparedDataset

SIZE = (12, 16)
LABEL = "segmentation/img_5004.mat"
DATASET = ArchiveDataset(converter="nyudv2-release", archives=("nyud.tar.gz",))
SPLITS = {"train": ["5001", "5004"], "val": ["5003"], "test": ["5002", "6449"]}


def arrays() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    ids = [id for ids in SPLITS.values() for id in ids]
    return {
        id: {
            "images": rng.integers(0, 256, (*SIZE, 3), np.uint8),
            "depth": rng.integers(600, 9000, SIZE, np.uint16),
            "hha": rng.integers(0, 256, (*SIZE, 3), np.uint8),
            "segmentation": rng.integers(0, 41, SIZE).astype(np.float64),
        }
        for id in ids
    }


def members(root: str = "nyud/") -> dict[str, bytes]:
    """The release's tree, its lists last and without a line's end at theirs."""
    found = {}
    for id, parts in arrays().items():
        for kind in ("images", "depth", "hha"):
            found[f"{root}data/{kind}/img_{id}.png"] = png(parts[kind])
        found[f"{root}segmentation/img_{id}.mat"] = mat(segmentation=parts["segmentation"])
    found[f"{root}data/images/img_5999.png"] = b"in no list, so never read"
    found |= {f"{root}{name}.txt": "\n".join(ids).encode() for name, ids in SPLITS.items()}
    return found


def convert(folder: Path, content: dict[str, bytes], **changes: object) -> PreparedDataset:
    archive = write_tar(folder / "nyud.tgz", content)
    dataset = DATASET.model_copy(update=changes)
    convert_nyudv2_release(dataset, [archive], folder / "out", workers=2)
    return PreparedDataset(folder / "out")


def refused(folder: Path, content: dict[str, bytes], **changes: object) -> str:
    with pytest.raises(InputError) as caught:
        convert(folder, content, **changes)
    assert [path.name for path in folder.iterdir()] == ["nyud.tgz"]
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("order", [list, lambda items: list(reversed(items))])
@pytest.mark.parametrize("root", ["", "nyud/", "./a/b/"])
def test_what_is_released_comes_out(root, order, tmp_path):
    prepared = convert(tmp_path, dict(order(members(root).items())))
    assert prepared.info.splits == {"train": 2, "val": 1, "trainval": 3, "test": 2}
    assert prepared.ids("trainval") == ["5001", "5004", "5003"]
    assert prepared.info.inputs == ("rgb", "depth", "hha")
    for id, parts in arrays().items():
        assert (prepared.image(id) == parts["images"]).all()
        assert (prepared.depth(id) == parts["depth"]).all()
        label = parts["segmentation"]
        assert (prepared.label(id) == np.where(label == 0, 255, label - 1)).all()
        assert not prepared.missing(id).any()
        stored = images.read_image(prepared.root / "hha" / f"{id}.png")
        assert (np.array(stored) == parts["hha"]).all()
    assert prepared.info.camera == pytest.approx((518.857901, 519.469611, 285.582449, 208.736166))


def test_labels_of_any_kind_of_number_are_read(tmp_path):
    content = members()
    label = arrays()["5001"]["segmentation"].astype(np.uint8)
    content["nyud/segmentation/img_5001.mat"] = mat(segmentation=label)
    assert (convert(tmp_path, content).label("5001") == label - np.uint8(1)).all()


def test_published_counts_are_checked(tmp_path):
    message = refused(tmp_path, members(), counts={"train": 381})
    assert "nyud.tgz: split train: 2 images, expected the published 381" in message


def test_other_images_than_the_released_are_named(tmp_path):
    message = refused(tmp_path, members(), counts={"test": 654})
    expected = "split test: 2 images, expected the published 654: lacks 5133 (and 65"
    assert expected in message and "unlisted" not in message


@pytest.mark.parametrize("name", ["train", "val", "test"])
def test_a_missing_list_is_named(name, tmp_path):
    content = members()
    del content[f"nyud/{name}.txt"]
    assert f"no {name}.txt in it, expected NYUDv2's release" in refused(tmp_path, content)


def test_an_image_in_training_and_test_is_named(tmp_path):
    content = members() | {"nyud/test.txt": b"5002\n5003"}
    assert "5003 is in test.txt and in a training list" in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("data/images/img_5003.png", "no image for 5003"),
        ("data/depth/img_5003.png", "no depth for 5003"),
        ("data/hha/img_5003.png", "no hha for 5003"),
        ("segmentation/img_5003.mat", "no semantic label for 5003"),
    ],
)
def test_a_missing_file_is_named(file, expected, tmp_path):
    content = members()
    del content[f"nyud/{file}"]
    assert expected in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        (LABEL, mat(segmentation=np.full(SIZE, 41)), "value 41 at row 0, column 0; expected 0..40"),
        (LABEL, mat(segmentation=np.full(SIZE, -1)), "value -1 at row 0, column 0; expected 0..40"),
        (LABEL, mat(segmentation="sky"), "segmentation is <U3 of shape (1,), expected"),
        ("data/depth/img_5004.png", png(np.zeros(SIZE, np.uint16)), "ID 5004: depth is 0 every"),
        (LABEL, b"no .mat file", "no readable segmentation in it"),
        ("data/depth/img_5004.png", png(np.zeros(SIZE, np.uint8)), "expected 16-bit depth"),
        ("data/depth/img_5004.png", b"no picture", "not an image"),
        ("data/images/img_5004.png", png(np.zeros((5, 5, 3), np.uint8)), "has 5 x 5"),
    ],
)
def test_a_file_of_another_form_is_named(file, content, expected, tmp_path):
    message = refused(tmp_path, members() | {f"nyud/{file}": content})
    assert expected in message
    assert "5004" in message


def test_another_number_of_archives_is_refused(tmp_path):
    with pytest.raises(InputError, match="2 archives, expected 1"):
        convert_nyudv2_release(DATASET, [tmp_path / "a", tmp_path / "b"], tmp_path / "out")
