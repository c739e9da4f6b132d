import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import BLACK, GREEN, RED, indexed, jpeg, label, png
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.reader import PreparedDataset

STREET = Path(__file__).parents[4] / "shared" / "data" / "street-photos"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Ten images with masks of three classes; 11 is void."""
    root = tmp_path / "own"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    (root / "classes.txt").write_text("ground\nthing\nother\n", "utf-8")
    for number in range(10):
        (root / "images" / f"p{number}.jpg").write_bytes(jpeg((number, 0, 0)))
        mask = label(1 + number % 2)
        mask[0] = 11
        (root / "masks" / f"p{number}.png").write_bytes(png(mask))
    return root


def entry(own: Path, **values: object) -> dict:
    return {"converter": "folder", "path": own, "void": [11], **values}


def convert(own: Path, **values: object) -> PreparedDataset:
    out = own.parent / "out"
    prepare(entry(own, **values), [], out, workers=2)
    return PreparedDataset(out)


def fails(own: Path, message: str, **values: object) -> None:
    with pytest.raises(InputError, match=message) as caught:
        convert(own, **values)
    assert "\n" not in str(caught.value)
    assert [path.name for path in own.parent.iterdir()] == ["own"]


def test_masks_become_labels_with_void_255(own):
    data = convert(own)
    assert set(np.unique(data.label("p0"))) == {0, 1, 255}
    assert set(np.unique(data.label("p1"))) == {0, 2, 255}
    assert data.info.tasks == {"semantic": ("ground", "thing", "other")}
    assert data.image_path("p3").read_bytes() == (own / "images/p3.jpg").read_bytes()


def test_without_lists_a_fifth_is_val_and_always_the_same(own):
    data = convert(own)
    train, val = data.ids("train"), data.ids("val")
    assert (len(train), len(val)) == (8, 2)
    assert sorted([*train, *val]) == [f"p{number}" for number in range(10)]
    assert convert(own).ids("val") == val == ["p0", "p7"]


def test_lists_may_name_files_or_paths_and_leave_some_out(own):
    (own / "a.txt").write_text("p1.jpg\nimages/p2.jpg\np3\n\n", "utf-8")
    (own / "b.txt").write_text("p9\r\n", "utf-8")
    (own / "images/spare.jpg").write_bytes(jpeg((1, 2, 3)))
    data = convert(own, splits={"train": "a.txt", "test": "b.txt"})
    assert data.ids("train") == ["p1", "p2", "p3"] and data.ids("test") == ["p9"]
    assert len(list((data.root / "images").iterdir())) == 4


def test_classes_and_palette_may_stand_in_the_config(own):
    palette = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    data = convert(own, classes=["x", "y", "z"], palette=palette)
    assert data.info.tasks["semantic"] == ("x", "y", "z")
    with Image.open(data.label_path("p0")) as image:
        assert image.getpalette()[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_any_lossless_mask_will_do(own):
    index = label(2)
    palette = Image.fromarray(index)
    palette.putpalette([9, 9, 9] * 3)
    palette.save(own / "masks/p0.png")
    Image.fromarray(index.astype(np.uint16)).save(own / "masks/p1.png")
    (own / "masks/p2.png").unlink()
    Image.fromarray(index).save(own / "masks/p2.TIF", "TIFF")
    Image.fromarray(index > 0).save(own / "masks/p3.png")
    palette.save(own / "masks/p4.png", bits=2)
    data = convert(own)
    for id in ("p0", "p1", "p2", "p4"):
        assert (data.label(id) == index).all()
    assert (data.label("p3") == (index > 0)).all()


def test_greyscale_masks_of_few_bits_are_not_stretched(own):
    # As optipng writes them; Pillow reads 0, 1, 2, 3 as 0, 85, 170, 255.
    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    rows = (b"\x00" + bytes([0b00011000] * 4)) * 12  # 0, 1, 2, 0
    header = struct.pack(">IIBBBBB", 16, 12, 2, 0, 0, 0, 0)
    (own / "masks/p0.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert convert(own).label("p0")[0, :4].tolist() == [0, 1, 2, 0]


def test_void_may_be_a_16_bit_value(own):
    mask = label(1).astype(np.uint16)
    mask[0] = 65535
    (own / "masks/p0.png").write_bytes(png(mask))
    assert (convert(own, void=[11, 65535]).label("p0")[0] == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_stored_as_it_is_displayed(own, orientation):
    upright = np.zeros((12, 16, 3), np.uint8)
    upright[:6, :8] = 250  # bright top left
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = Image.fromarray(upright)
    if back is not None:
        stored = stored.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(own / "images/p0.jpg", exif=exif, quality=95)
    image, truth = convert(own).pair("p0")
    assert image.shape[:2] == truth.shape == (12, 16)
    assert image[:5, :7].min() > 200 and image[7:, 9:].max() < 50


def test_images_of_any_kind_are_read(own):
    grey = label(200)
    for id, suffix, mode in (
        ("p0", ".PNG", "RGBA"),
        ("p1", ".bmp", "RGB"),
        ("p2", ".tif", "L"),
        ("p3", ".jpeg", "CMYK"),
        ("p4", ".png", "LA"),
        ("p5", ".png", "P"),
    ):
        (own / f"images/{id}.jpg").unlink()
        picture = Image.fromarray(grey).convert("RGB")
        picture = picture.quantize(2) if mode == "P" else picture.convert(mode)
        picture.save(own / f"images/{id}{suffix}")
    data = convert(own)
    for id in ("p0", "p1", "p2", "p4", "p5"):
        assert (data.image(id) == grey[:, :, None]).all()
    assert abs(data.image("p3").astype(int) - grey[:, :, None]).max() < 30  # JPEG


@pytest.mark.parametrize("classes", [2, 255])
def test_any_number_of_classes_from_2_to_255(own, classes):
    for path in (own / "masks").iterdir():
        path.write_bytes(png(label(classes - 1)))
    data = convert(own, classes=[f"class {index}" for index in range(classes)], void=[])
    assert data.label("p0").max() == classes - 1
    assert len(data.info.palette["semantic"]) == classes


def spoil(own: Path, file: str, content: bytes | None) -> None:
    if content is None:
        (own / file).unlink()
    else:
        (own / file).write_bytes(content)


BAD_FILES = [
    ("images/p3.jpg", jpeg((1, 2, 3))[:-100], r"images/p3\.jpg: damaged or cut short"),
    ("images/p3.jpg", b"hello", r"images/p3\.jpg: not an image"),
    ("images/p3.jpg", jpeg((1, 2, 3), (9, 7)), r"masks/p3\.png: 16 x 12 .*p3\.jpg has 7 x 9"),
    ("images/p3.jpg", None, r"masks/p3\.png: no image of that name"),
    ("masks/p3.png", None, r"images/p3\.jpg: no mask of that name"),
    ("masks/p3.png", png(label(1))[:50], r"masks/p3\.png: damaged or cut short"),
    (
        "masks/p3.png",
        png(label(3)),
        r"masks/p3\.png: value 3 at row 2.*0\.\.2 or void \(11",
    ),
    ("masks/p3.png", png(label(1).astype(np.uint16) * 300), r"masks/p3\.png: value 300"),
    ("masks/p3.png", png(np.zeros((12, 16, 3), np.uint8)), r"masks/p3\.png: is RGB"),
    ("masks/p3.png", png(np.zeros((12, 16, 4), np.uint8)), r"masks/p3\.png: is RGBA"),
    ("classes.txt", None, r"classes\.txt: no class list"),
    ("classes.txt", b"\n\n", r"classes\.txt: 0 classes"),
    ("classes.txt", b"a\n\nb\n", r"classes\.txt: line 2 is empty"),
    ("classes.txt", b"a\nb\na\n", r"classes\.txt: class 'a' is listed twice"),
    ("classes.txt", b"a\nb\n\xff\n", r"classes\.txt: not a text file"),
    ("classes.txt", "\n".join(map(str, range(256))).encode(), r"256 classes, expected 1 to 255"),
]


@pytest.mark.parametrize(("file", "content", "message"), BAD_FILES)
def test_a_bad_file_is_named_and_leaves_nothing(own, file, content, message):
    spoil(own, file, content)
    fails(own, message)


@pytest.mark.parametrize(
    ("list_", "message"),
    [
        ("", r"list\.txt: empty split"),
        ("p1\np77\n", r"own/list\.txt: p77: no image of that name"),
        ("p1\np1\n", "split train: lists p1 twice"),
        (None, r"list\.txt: no such file"),
    ],
)
def test_a_bad_list(own, list_, message):
    if list_ is not None:
        (own / "list.txt").write_text(list_, "utf-8")
    fails(own, message, splits={"train": "list.txt"})


def test_the_first_of_several_is_named_with_their_number(own):
    for id in ("p4", "p6", "p7"):
        (own / f"masks/{id}.png").write_bytes(png(label(99)))
    fails(own, r"masks/p4\.png: value 99 .* \(and 2 more\)")


def test_masks_of_0_and_255_are_not_two_classes(own):
    for path in (own / "masks").iterdir():
        path.write_bytes(png(label(255)))
    for void in ([], [255], [255, 11]):
        fails(own, "hold only 0 and 255, and 255 is void", void=void)


@pytest.mark.parametrize(
    ("mask", "values"),
    [
        (label(255), {"classes": ["road"], "void": []}),
        (label(0), {"void": []}),
        (label(1), {"void": [0]}),
        (label(1).astype(np.uint16), {"void": [1]}),
        (label(7), {"void": [7]}),
    ],
)
def test_one_class_alone_is_not_trained_on(own, mask, values):
    for path in (own / "masks").iterdir():
        path.write_bytes(png(mask))
    fails(own, r"own: split train: .* only one class on all labelled pixels, so nothing", **values)


def test_a_split_without_a_labelled_pixel_is_named(own):
    lists = {"train": ["p0", "p1"], "val": ["p2", "p3"], "test": ["p4"]}
    for split, ids in lists.items():
        (own / f"{split}.txt").write_text("\n".join(ids), "utf-8")
    splits = {split: f"{split}.txt" for split in lists}
    for id in lists["val"]:
        (own / f"masks/{id}.png").write_bytes(png(np.full((12, 16), 11, np.uint8)))
    fails(own, r"own: split val: no labelled pixel: all of it is void$", splits=splits)


def test_palettes_in_another_order_are_an_error(own):
    (own / "masks/p0.png").write_bytes(indexed(label(1), BLACK, RED, GREEN))
    (own / "masks/p1.png").write_bytes(indexed(label(2), GREEN, BLACK, RED))
    fails(
        own, r"p1\.png: colour \(255, 0, 0\) is 2, but 1 in .*p0\.png: masks whose palettes differ"
    )


@pytest.mark.parametrize(
    ("colours", "warning"),
    [
        ([BLACK, RED, GREEN], ""),
        ([BLACK, RED], ""),  # cut after the last that is used
        ([BLACK, BLACK, BLACK], "index 1 is (0, 0, 0), but (255, 0, 0) in "),
        ([BLACK, (250, 0, 0)], "index 1 is (250, 0, 0), but (255, 0, 0) in "),
    ],
)
def test_palettes_that_may_be_meant_are_taken(own, caplog, colours, warning):
    (own / "masks/p0.png").write_bytes(indexed(label(1), BLACK, RED, GREEN))
    (own / "masks/p1.png").write_bytes(indexed(label(1), *colours))
    assert (convert(own).label("p1") == label(1)).all()
    assert any(warning in record.getMessage() for record in caplog.records) == bool(warning)


def test_dim_images_and_tags_are_said_when_they_are_prepared(own, caplog):
    caplog.set_level("INFO")
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.new("RGB", (16, 12)).save(own / "images/p0.jpg", exif=exif)
    Image.fromarray(label(1)).save(own / "masks/p1.png", exif=exif)
    (own / "images/p2.jpg").unlink()
    (own / "images/p2.png").write_bytes(png(label(1).astype(np.uint16) * 4080))
    convert(own)
    said = [record.getMessage() for record in caplog.records]
    assert any("p0.jpg: image with an orientation tag that keeps its size" in each for each in said)
    assert any("p1.png: mask with an orientation tag" in each for each in said)
    assert any("1 images, seen as 0..15 of 255: dim images of 16 bits" in each for each in said)


def test_a_folder_or_setting_that_is_wrong(own):
    fails(own, r"own/photos: no such folder", images="photos")
    fails(own, r"own: no file in it that ends in \.png", masks=".")
    fails(own, "palette: 1 colours for 3 classes", palette=[[1, 2, 3]])
    fails(own, r"p0\.png: value 11 at row 0, column 0; expected 0\.\.2 or void", void=[-1])
    fails(own.parent / "own", r"gone: no such folder", path=own.parent / "gone")


@pytest.mark.parametrize(
    "out", [".", "..", "images", "masks", "images/new", "masks/new", "../link", "classes.txt"]
)
def test_the_users_own_files_are_never_replaced(own, out):
    (own.parent / "link").symlink_to(own)
    before = {path: path.is_dir() or path.read_bytes() for path in own.rglob("*")}
    with pytest.raises(InputError, match="lies there; expected a folder apart from your own"):
        prepare(entry(own), [], own / out)
    assert {path: path.is_dir() or path.read_bytes() for path in own.rglob("*")} == before


def test_images_and_labels_alone_are_not_taken_for_an_earlier_result(own):
    (own / "masks").rename(own / "labels")
    (own / "classes.txt").unlink()
    values = {"masks": "labels", "classes": ["a", "b", "c"]}
    with pytest.raises(InputError, match="lies there"):
        prepare(entry(own, **values), [], own)
    prepare(entry(own, **values), [], own / "prepared")  # beside them is well


def test_one_name_for_two_images_is_an_error(own):
    (own / "images/p1.png").write_bytes(png(label(1)))
    fails(own, r"images/p1\.png: has the same name as p1\.jpg")


def test_one_image_cannot_be_split(own):
    for path in [*(own / "images").iterdir(), *(own / "masks").iterdir()]:
        if path.stem != "p0":
            path.unlink()
    fails(own, "own: 1 image, expected at least 2")


def test_files_that_are_no_pictures_do_not_matter(own):
    (own / "images/notes.txt").write_text("hello", "utf-8")
    (own / "images/._p0.jpg").write_bytes(b"a Mac was here")
    convert(own)


def test_street_photos(tmp_path):
    if not STREET.is_dir():
        pytest.skip(f"{STREET} is missing")
    settings = FolderDataset(
        converter="folder",
        path=STREET,
        masks="labels",
        void=(11,),
        splits={"train": "train.txt", "val": "val.txt"},
    )
    assert check(settings).findings == []
    prepare(settings, [], tmp_path / "street")
    data = PreparedDataset(tmp_path / "street")
    assert data.info.splits == {"train": 80, "val": 24}
    image, truth = data.pair(data.ids("val")[0])
    assert image.shape == (360, 480, 3)
    assert set(np.unique(truth)) <= {*range(11), 255}
