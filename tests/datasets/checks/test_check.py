from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.archives import jpeg, label, png
from PIL import Image

from fcnlib.config.schema_data import FolderDataset
from fcnlib.datasets.checks.check import CheckResult, check, report
from fcnlib.datasets.converters.registry import prepare

CLASSES = ("ground", "thing", "other")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Six images with sound masks, and lists of four and two."""
    root = tmp_path / "own"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    (root / "classes.txt").write_text("\n".join(CLASSES), "utf-8")
    for number in range(6):
        (root / "images" / f"p{number}.jpg").write_bytes(jpeg((40 * number, 0, 0)))
        (root / "masks" / f"p{number}.png").write_bytes(png(label(1 + number % 2)))
    (root / "train.txt").write_text("p0\np1\np2\np3\n", "utf-8")
    (root / "val.txt").write_text("p4\np5\n", "utf-8")
    return root


def check_own(own: Path, **values: Any) -> CheckResult:
    values = {"splits": {"train": "train.txt", "val": "val.txt"}} | values
    return check(FolderDataset(converter="folder", path=own, **values))


def found(result: CheckResult) -> list[tuple[str, str, str, str]]:
    return [(f.level, Path(f.file).name, f.value, f.message) for f in result.findings]


def test_a_sound_folder_has_no_findings(own):
    result = check_own(own)
    assert result.findings == [] and not result.failed
    assert result.sizes == {(12, 16): 6}
    assert result.void_share == 0
    assert result.pixels("val")[:3].tolist() == [2 * (192 - 24), 24, 24]


def test_a_prepared_set_gives_the_same_counts(own, tmp_path):
    splits = {"train": "train.txt", "val": "val.txt"}
    prepare({"converter": "folder", "path": own, "splits": splits}, [], tmp_path / "out")
    own_result, result = check_own(own), check(tmp_path / "out")
    assert result.findings == []
    (tmp_path / "out" / "dataset.json").unlink()
    (finding,) = found(check(tmp_path / "out"))
    assert finding[3] == "no dataset.json in it; prepare it again"
    assert (result.pixels("train") == own_result.pixels("train")).all()


def test_values_outside_the_classes_are_counted(own):
    mask = label(7)
    mask[0, 0] = 9
    (own / "masks/p1.png").write_bytes(png(mask))
    (finding,) = found(check_own(own))
    message = "values outside the classes 0..2 and void"
    assert finding == ("error", "p1.png", "7 (24 pixels), 9 (1 pixels)", message)


def test_masks_of_0_and_255_are_a_trap(own):
    for path in (own / "masks").iterdir():
        path.write_bytes(png(label(255)))
    result = check_own(own)
    assert result.failed
    assert any("only 0 and 255" in finding.message for finding in result.findings)


def test_one_mask_of_0_and_255_among_good_ones_is_a_warning(own, tmp_path):
    (own / "masks/p1.png").write_bytes(png(label(255)))
    (finding,) = found(check_own(own, void=[11]))
    message = "255 always counts as void; list it under void if that is meant"
    assert finding == ("warning", "p1.png", "255 (24 pixels)", message)
    assert check_own(own, void=[11, 255]).findings == []
    prepare({"converter": "folder", "path": own}, [], tmp_path / "out")
    assert not any(
        finding.value == "255 (24 pixels)" for finding in check(tmp_path / "out").findings
    )


def test_all_is_found_at_once(own):
    (own / "images/p0.jpg").write_bytes(b"no image")
    (own / "masks/p1.png").write_bytes(png(np.zeros((12, 16, 3), np.uint8)))
    (own / "masks/p2.png").write_bytes(png(label(1, (9, 7))))
    (own / "masks/p3.png").unlink()
    (own / "images/p4.jpg").unlink()
    (own / "masks/p5.png").write_bytes(png(label(1))[:50])
    result = check_own(own)
    errors = {
        (name, value, message.split("(")[0].strip())
        for level, name, value, message in found(result)
    }
    assert result.failed
    assert errors >= {
        ("train.txt", "p3", "no mask of that name"),
        ("val.txt", "p4", "no image of that name"),
        ("p0.jpg", "", "not an image, or its first bytes are damaged"),
        ("p1.png", "", "is RGB, expected one channel of class indices"),
        ("p2.png", "7 x 9, p2.jpg is 16 x 12", "mask of another size than its image"),
        ("p5.png", "", "damaged or cut short"),
    }


def test_a_list_of_other_names_is_told_in_a_few_lines(own):
    (own / "train.txt").write_text("".join(f"images\\p{i}.jpg\n" for i in range(100)), "utf-8")
    text = report(check_own(own))
    assert "error: no image of that name\n" in text and "  and 95 more\n" in text
    assert len(text.splitlines()) < 40


def test_where_no_mask_is_read_no_class_is_said_to_be_missing(own):
    for path in list((own / "masks").iterdir()):
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    levels = {level for level, *_ in found(check_own(own))}
    assert levels == {"error"}


def test_a_missing_class_list_or_folder_is_one_finding(own, tmp_path):
    (own / "classes.txt").unlink()
    (finding,) = check_own(own).findings
    assert finding.level == "error" and "classes.txt: no class list" in finding.message
    assert check(tmp_path / "gone").failed
    assert "no such file" in report(check(tmp_path / "gone"))


def test_much_void_is_a_warning(own):
    mask = np.full((12, 16), 255, np.uint8)
    mask[0, 0:2] = 1, 2
    (own / "masks/p0.png").write_bytes(png(mask))
    assert ("warning", "p0.png", "99%", "mostly void") in found(check_own(own))
    for path in (own / "masks").iterdir():
        path.write_bytes(png(mask))
    assert ("warning", "own", "99%", "much of all labels is void") in found(check_own(own))


def test_classes_that_are_missing_or_rare_in_training(own):
    for path in (own / "masks").iterdir():
        path.write_bytes(png(label(1)))
    (own / "masks/p5.png").write_bytes(png(label(2)))
    classes = (*CLASSES, "never")
    assert found(check_own(own, classes=classes)) == [
        ("warning", "own", "2 (other)", "class on no pixel of split train"),
        ("warning", "own", "3 (never)", "class on no pixel of any image"),
    ]
    for number in range(6):
        (own / f"images/p{number}.jpg").write_bytes(jpeg((40 * number, 0, 0), (40, 40)))
        (own / f"masks/p{number}.png").write_bytes(png(label(1, (40, 40))))
    mask = label(1, (40, 40))
    mask[0, 0] = 2
    (own / "masks/p0.png").write_bytes(png(mask))
    (finding,) = found(check_own(own))
    assert finding[2:] == ("2 (other): 0.016%", "class on less than 0.1% of split train")


def test_an_id_in_two_splits(own):
    (own / "val.txt").write_text("p3\np4\np5\n", "utf-8")
    assert ("warning", "splits train and val", "p3", "the same ID in both") in found(check_own(own))


def test_a_val_inside_train_is_a_warning_but_a_trainval_is_not(own):
    (own / "val.txt").write_text("p0\np1\n", "utf-8")
    assert [finding.level for finding in check_own(own).findings] == ["warning"]
    (own / "val.txt").write_text("p4\np5\n", "utf-8")
    (own / "all.txt").write_text("p0\np1\np2\np3\np4\np5\n", "utf-8")
    splits = {"train": "train.txt", "val": "val.txt", "trainval": "all.txt"}
    assert {finding.level for finding in check_own(own, splits=splits).findings} == {"info"}


def test_an_id_twice_in_a_list(own):
    (own / "val.txt").write_text("p4\np4\n", "utf-8")
    assert ("error", "val.txt", "p4", "ID listed twice") in found(check_own(own))


def test_the_same_image_in_train_and_val(own):
    (own / "images/p5.jpg").write_bytes((own / "images/p0.jpg").read_bytes())
    (finding,) = found(check_own(own))
    message = "the same image under other names, in splits train and val"
    assert finding == ("warning", "p0.jpg", "p5", message)
    (own / "images/p5.jpg").write_bytes(jpeg((200, 0, 0)))
    (own / "images/p1.jpg").write_bytes((own / "images/p0.jpg").read_bytes())
    assert [finding.level for finding in check_own(own).findings] == ["info"]


def test_an_image_that_lies_on_its_side(own):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 12)).save(own / "images/p0.jpg", exif=exif)
    (finding,) = found(check_own(own))
    assert finding[0] == "error" and "lies on its side" in finding[3]


def test_the_result_does_not_depend_on_the_number_of_workers(own):
    (own / "masks/p1.png").write_bytes(png(label(7)))
    settings = FolderDataset(converter="folder", path=own)
    assert report(check(settings, workers=1)) == report(check(settings, workers=4))


def test_the_report_shows_the_classes_and_groups_what_repeats(own):
    for number in range(6):
        (own / f"masks/p{number}.png").write_bytes(png(label(7)))
    (own / "masks/p0.png").write_bytes(png(label(1)))
    text = report(check_own(own), lines=2)
    lines = text.splitlines()
    assert lines[0] == f"{own}: 6 images (train 4, val 2)"
    assert "   1 thing    3.45% #" in lines
    assert lines.count("error: values outside the classes 0..2 and void") == 1
    assert "  and 3 more" in lines
    assert lines[-1] == "5 errors, 1 warnings"
