import io
import re
import shutil
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fixtures.archives import jpeg, png, write_tar
from fixtures.scenes import ByChannel, write_model
from PIL import Image

from fcn_synthetic.archives.voc import write_voc2012_test
from fcnlib.archives.members import members
from fcnlib.core.errors import InputError
from fcnlib.datasets.converters.voc import CLASSES
from fcnlib.datasets.images import label_png, voc_palette
from fcnlib.inference.model import load_model
from fcnlib.inference.model_info import ModelInfo
from fcnlib.inference.torchscript import export_torchscript
from fcnlib.inference.voc_server import check_submission, member, read_ids
from fcnlib.inference.voc_server import submit as pack_labels
from fcnlib.models.fcn import build_fcn

SIZES = {"2008_000001": (10, 16), "2009_000002": (12, 9)}

submit = partial(pack_labels, trust=True)  # what labels by colour is of another origin than ours


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("test") / "VOC2012test.tar"
    write_voc2012_test(path, seed=0, size=48, images=5)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    classes = {"semantic": CLASSES}
    return write_model(folder / "0.ts", ByChannel(0, 13, 21), inputs=["rgb"], classes=classes)


def archive_files(sizes=SIZES, listed=None, year=2012) -> dict[str, bytes]:
    """The tree of a test archive, with an image that is in no segmentation list."""
    root = f"VOCdevkit/VOC{year}"
    found = {f"{root}/JPEGImages/{id}.jpg": jpeg((200, 100, 50), s) for id, s in sizes.items()}
    found[f"{root}/JPEGImages/2007_999999.jpg"] = b"in another list, so never decoded"
    ids = list(sizes) if listed is None else listed
    found[f"{root}/ImageSets/Segmentation/test.txt"] = "\n".join(ids).encode()
    return found


def labels(sizes=SIZES, value=20) -> dict[str, bytes]:
    return {
        member(id, 2012): label_png(np.full(size, value, np.uint8), voc_palette())
        for id, size in sizes.items()
    }


def test_the_archive_holds_the_nets_labels_of_the_list_as_the_server_wants_them(
    archive, model, tmp_path
):
    out = tmp_path / "results.tgz"
    assert submit(archive, model=model, out=out) == 5
    net = load_model(model, trust=True)
    with tarfile.open(archive) as given, tarfile.open(out) as written:
        root = "VOCdevkit/VOC2012"
        listed = given.extractfile(f"{root}/ImageSets/Segmentation/test.txt")
        assert listed
        ids = listed.read().decode().split()
        names = [f"results/VOC2012/Segmentation/comp6_test_cls/{id}.png" for id in ids]
        assert [each.name for each in written.getmembers()] == names
        for id, name in zip(ids, names, strict=True):
            photo = given.extractfile(f"{root}/JPEGImages/{id}.jpg")
            image = Image.open(written.extractfile(name))
            pixels = np.array(Image.open(photo))
            assert (image.format, image.mode) == ("PNG", "P")
            assert image.getpalette()[:63] == [v for rgb in voc_palette()[:21] for v in rgb]
            assert np.array_equal(np.asarray(image), net.predict(pixels))


def test_equal_input_gives_equal_bytes_however_many_work_and_unpacked_or_not(
    archive, model, tmp_path
):
    outs = [tmp_path / f"{index}.tgz" for index in range(4)]
    submit(archive, model=model, out=outs[0], workers=1)
    submit(archive, model=model, out=outs[1], workers=3)
    for match, content in members(archive, re.compile(".*")):
        (tmp_path / match[0]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / match[0]).write_bytes(content)
    submit(tmp_path / "VOCdevkit", model=model, out=outs[2])
    submit(tmp_path / "VOCdevkit/VOC2012", model=model, out=outs[3])
    assert len({path.read_bytes() for path in outs}) == 1
    assert outs[0].read_bytes()[4:8] == bytes(4)  # where gzip writes the time


def test_another_year_has_its_own_folder(model, tmp_path):
    tar = write_tar(tmp_path / "VOC2011test.tar", archive_files(year=2011))
    assert submit(tar, model=model, out=tmp_path / "r.tar.gz", year=2011) == 2
    with tarfile.open(tmp_path / "r.tar.gz") as written:
        assert {name.split("/")[1] for name in written.getnames()} == {"VOC2011"}
    with pytest.raises(InputError, match=r"no VOC2012/ImageSets/Segmentation/test\.txt in it"):
        submit(tar, model=model, out=tmp_path / "s.tgz")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (archive_files(listed=[*SIZES, "2010_000003"]), "no image of 2010_000003, which"),
        (archive_files(listed=[*SIZES, "2008_000001"]), "lists 2008_000001 twice"),
        (archive_files(listed=[]), "is empty; expected one ID a line"),
        ({"VOCdevkit/VOC2012/README": b""}, "no VOC2012/ImageSets/Segmentation/test.txt in it"),
        (
            archive_files() | {"VOCdevkit/VOC2012/JPEGImages/2008_000001.jpg": b"cut"},
            "2008_000001.jpg: not an image",
        ),
    ],
)
def test_a_broken_test_archive_is_one_line_and_leaves_nothing(members, message, model, tmp_path):
    tar = write_tar(tmp_path / "VOC2012test.tar", members)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError) as caught:
        submit(tar, model=model, out=tmp_path / "out/r.tgz")
    assert message in str(caught.value) and str(tar) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("unpacked", [False, True])
def test_all_images_that_cannot_be_labelled_are_named(model, tmp_path, caplog, unpacked):
    content = archive_files({f"2008_00000{i}": (10, 12) for i in range(6)})
    for i in (1, 4):
        content[f"VOCdevkit/VOC2012/JPEGImages/2008_00000{i}.jpg"] = b"cut"
    source = write_tar(tmp_path / "VOC2012test.tar", content)
    if unpacked:
        source = tmp_path / "VOCdevkit"
        for name, data in content.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=r"^2 of 6 images cannot be labelled: .*r\.tgz needs all"):
        submit(source, model=model, out=tmp_path / "r.tgz")
    assert [message.split(": ")[1] for message in caplog.messages] == [
        "2008_000001.jpg",
        "2008_000004.jpg",
    ]
    assert not (tmp_path / "r.tgz").exists()


def test_the_suffix_of_the_archive_decides_its_format(archive, model, tmp_path):
    with pytest.raises(InputError, match=r"r\.zip: expected a name with \.tgz or \.tar\.gz"):
        submit(archive, model=model, out=tmp_path / "r.zip")


@pytest.mark.parametrize(
    ("inputs", "classes", "message"),
    [
        (["rgb"], {"semantic": CLASSES[:-1]}, "has classes 20 of task semantic; expected VOC's 21"),
        (["rgb"], {"semantic": CLASSES[::-1]}, "expected VOC's 21"),
        (["rgb"], {"semantic": CLASSES, "geometric": ["a"]}, "expected VOC's 21 alone"),
        (["rgb", "depth"], {"semantic": CLASSES}, "sees rgb, depth; expected a model"),
        (
            [],
            {"semantic": CLASSES},
            "its metadata lack inputs; expected a model, exported anew",
        ),
    ],
)
def test_a_model_of_other_classes_or_inputs_is_refused(inputs, classes, message, archive, tmp_path):
    net = write_model(tmp_path / "0.ts", ByChannel(0, 13, 20), inputs=inputs, classes=classes)
    with pytest.raises(InputError) as caught:
        submit(archive, model=net, out=tmp_path / "r.tgz")
    assert message in str(caught.value) and str(net) in str(caught.value)
    assert not (tmp_path / "r.tgz").exists()


def test_what_is_read_is_not_written_over(archive, model, tmp_path):
    given, link = tmp_path / "in.tar.gz", tmp_path / "link.tgz"
    shutil.copy(archive, given)
    link.symlink_to(given)
    before = given.read_bytes()
    for out in (given, link):
        with pytest.raises(InputError, match=rf"^{out}: is read; expected another place"):
            submit(given, model=model, out=out)
    assert given.read_bytes() == before


def test_only_an_earlier_submission_is_replaced(archive, model, tmp_path):
    unread = tmp_path / "none.ts"  # so that it is refused before any work
    foreign = write_tar(tmp_path / "foreign.tgz", labels() | {"results/thesis.tex": b""})
    text = tmp_path / "text.tgz"
    text.write_text("my notes", "utf-8")
    empty = write_tar(tmp_path / "empty.tgz", {})
    for out in (foreign, text, empty):
        before = out.read_bytes()
        with pytest.raises(InputError, match=rf"^{out}: is there, and no submission; expected"):
            submit(archive, model=unread, out=out)
        assert out.read_bytes() == before
    earlier = write_tar(tmp_path / "earlier.tgz", labels())
    assert submit(archive, model=model, out=earlier) == 5
    assert submit(archive, model=model, out=earlier) == 5
    (tmp_path / "folder.tgz").mkdir()
    with pytest.raises(InputError, match=r"folder\.tgz: is a folder; expected a file name"):
        submit(archive, model=unread, out=tmp_path / "folder.tgz")


def test_a_net_that_cannot_compute_in_16_bits_is_one_line(archive, tmp_path):
    net = build_fcn(backbone="alexnet", predict_from=["fc7"], classes=21, width=1 / 32)
    info = ModelInfo(inputs=("rgb",), classes={"semantic": CLASSES})
    export_torchscript(net, tmp_path / "0.ts", info=info)
    with pytest.raises(InputError, match=r"VOC2012test\.tar: \d+_\d+\.jpg: .*BFloat16") as caught:
        submit(archive, model=tmp_path / "0.ts", out=tmp_path / "r.tgz", precision="bf16")
    assert "\n" not in str(caught.value) and not (tmp_path / "r.tgz").exists()


def test_a_model_of_labels_beyond_its_classes_packs_nothing(archive, tmp_path):
    classes = {"semantic": CLASSES}
    net = write_model(tmp_path / "0.ts", ByChannel(0, 1, 256), inputs=["rgb"], classes=classes)
    with pytest.raises(InputError, match=r"\.png: value \d+; expected 0\.\.20, not void"):
        submit(archive, model=net, out=tmp_path / "r.tgz")
    assert not (tmp_path / "r.tgz").exists()


FIRST = member("2008_000001", 2012)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({FIRST: png(np.zeros((10, 16, 3), np.uint8))}, "is a PNG of mode RGB; expected an 8-bit"),
        ({FIRST: labels({"2008_000001": (16, 10)})[FIRST]}, "10 x 16 pixels, but its image"),
        ({FIRST: labels(value=255)[FIRST]}, "value 255; expected 0..20, not void"),
        ({FIRST: labels(value=21)[FIRST]}, "value 21; expected 0..20, not void"),
        ({"results/VOC2012/Segmentation/x.png": b""}, "x.png: not of the list; expected such as"),
        ({FIRST: b"half a file"}, "2008_000001.png: not an image"),
    ],
)
def test_an_archive_that_the_server_would_refuse_is_named(changes, message, tmp_path):
    good = write_tar(tmp_path / "good.tgz", labels())
    check_submission(good, SIZES)
    bad = write_tar(tmp_path / "bad.tgz", labels() | changes)
    with pytest.raises(InputError) as caught:
        check_submission(bad, SIZES)
    assert message in str(caught.value) and str(bad) in str(caught.value)


def test_labels_that_are_missing_or_there_twice_are_named(tmp_path):
    few = write_tar(tmp_path / "few.tgz", {FIRST: labels()[FIRST]})
    with pytest.raises(InputError, match="no label of 2009_000002"):
        check_submission(few, SIZES)
    with tarfile.open(tmp_path / "twice.tar", "w") as tar:
        for name, content in [*labels().items(), *labels().items()]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(InputError, match=r"2008_000001\.png: there twice"):
        check_submission(tmp_path / "twice.tar", SIZES)


def test_the_list_of_a_windows_machine_is_read_too(tmp_path):
    content = archive_files() | {"VOCdevkit/VOC2012/ImageSets/Segmentation/test.txt": b"a\r\nb\r\n"}
    assert read_ids(write_tar(tmp_path / "t.tar", content), 2012) == ["a", "b"]
