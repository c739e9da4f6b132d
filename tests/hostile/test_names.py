"""Names in every script, form and encoding, and the lists that hold them."""

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from fixtures.own_files import CAMERA, depth, net, own

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.datasets.checks.check import check
from fcnlib.datasets.converters.registry import prepare
from fcnlib.datasets.hha.frames import frames_of
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.inference.convert import _class_names
from fcnlib.inference.inputs import InputReader

Form = Literal["NFC", "NFD"]
REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(("images", "masks"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_names_of_either_unicode_form_are_the_same_name(
    tmp_path: Path, images: Form, masks: Form
) -> None:
    root = own(tmp_path / "own")
    for folder, form in (("images", images), ("masks", masks)):
        name = unicodedata.normalize(form, "straßé.png")
        (root / folder / "im0.png").rename(root / folder / name)
    lists = {"train": "im1\nim2\n", "val": unicodedata.normalize(masks, "straßé.png\nim3\n")}
    for name, text in lists.items():
        (root / f"{name}.txt").write_text(text, "utf-8")
    for splits in ({}, {name: f"{name}.txt" for name in lists}):
        dataset = FolderDataset(converter="folder", path=root, splits=splits)
        assert not check(dataset).failed
        prepare(dataset, [], tmp_path / "prepared")
        data = PreparedDataset(tmp_path / "prepared")
        assert data.pair(unicodedata.normalize("NFC", "straßé"))[0].shape == (40, 48, 3)
    reader = InputReader.for_model(["rgb", "hha"], {"hha": root / "masks"}, Path("net.ts"))
    image = root / "images" / unicodedata.normalize(images, "straßé.png")
    assert len(reader.other_files(image)) == 1
    (frame,) = frames_of([image], root / "masks", tmp_path / "hha.png")
    assert frame.raw is not None and frame.raw.exists()


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_marks_at_the_head_of_lists_and_between_joined_ones_are_dropped(
    tmp_path: Path, mark: bytes
) -> None:
    root = own(tmp_path / "own")
    (root / "classes.txt").write_bytes(mark + b"background\r\n" + mark + b"thing\r\n")
    for name, ids in {"train": (b"im0", b"im1"), "val": (b"im2.png", b"im3")}.items():
        (root / f"{name}.txt").write_bytes(b"".join(mark + id + b"\r\n" for id in ids))
    splits = {"train": "train.txt", "val": "val.txt"}
    dataset = FolderDataset(converter="folder", path=root, splits=splits)
    prepare(dataset, [], tmp_path / "prepared")
    info = PreparedDataset(tmp_path / "prepared").info
    assert info.tasks["semantic"] == ("background", "thing")
    assert info.palette["semantic"][0] == (0, 0, 0)  # as of a background
    assert _class_names(root / "classes.txt", {"semantic": 2}) == {
        "semantic": ["background", "thing"]
    }


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1"])
def test_lists_of_another_encoding_are_refused_by_their_name(tmp_path: Path, encoding: str) -> None:
    root = own(tmp_path / "own")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (root / "classes.txt").write_text(f"{mark}bä\nthing\n", encoding)
    with pytest.raises(InputError, match=r"classes\.txt: not a text file"):
        prepare(FolderDataset(converter="folder", path=root), [], tmp_path / "prepared")


@pytest.mark.parametrize("name", [" im", "im ", "a\nb", "a\u2028b", "\ufeffim", "a\udcffb"])
def test_names_that_no_list_can_hold_are_refused(tmp_path: Path, name: str) -> None:
    root = own(tmp_path / "own")
    for folder in ("images", "masks"):
        (root / folder / "im0.png").rename(root / folder / f"{name}.png")
    dataset = FolderDataset(converter="folder", path=root)
    with pytest.raises(InputError, match="expected a name of one line of UTF-8"):
        prepare(dataset, [], tmp_path / "prepared")
    assert check(dataset).failed
    (root / "train.txt").write_text("im1\nim2\n", "utf-8")
    listed = dataset.model_copy(update={"splits": {"train": "train.txt"}})
    prepare(listed, [], tmp_path / "prepared")  # which leaves it out


COMMANDS = """
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="fcnlib")
from fcnlib.cli.main import main
for arguments in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\\n"):
    sys.argv = ["fcn", *arguments.encode("utf-8", "surrogateescape").decode(
        sys.getfilesystemencoding(), "surrogateescape").split("\\t")]
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    print("code", str(code).encode("ascii", "backslashreplace").decode(), flush=True)
"""


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_names_and_lists_are_utf8_whatever_the_locale(tmp_path: Path, utf8: str) -> None:
    """In a locale of ASCII, each command in turn: no name or text ends one, and files are UTF-8."""
    root = own(tmp_path / "größe")
    for folder in ("images", "masks"):
        (root / folder / "im0.png").rename(root / folder / "straßé.png")
    (root / "classes.txt").write_text("Straße\nBürger\n", "utf-8")
    (root / "images" / "bild\udcff.CR2").touch()
    depth(tmp_path / "tiefe\udcff.png")
    entry = {"mine": {"converter": "folder", "path": str(root)}}
    (tmp_path / "mine.yaml").write_text(
        json.dumps({"datasets": entry}, ensure_ascii=False), "utf-8"
    )
    model = net(tmp_path, ("Straße", "Bürger"))
    config = ["-c", str(REPOSITORY / "config.yaml"), "-c", "mine.yaml"]
    commands = [
        ["check", "größe"],
        ["prepare", "mine", *config, "--out", "fertig ±"],
        ["check", "fertig ±"],
        ["info", "fertig ±"],
        ["info", str(model)],
        ["predict", "größe/images", "--model", str(model), "--out", "bilder ü", "--workers", "1"],
        ["hha", "tiefe\udcff.png", "--out", "h\udcff.png", *CAMERA],
        ["check", "fehlt ü"],
        ["predict", "fehlt ü\udcff.jpg", "--model", str(model), "--out", "o"],
    ]
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", COMMANDS],
        input="\n".join("\t".join(each) for each in commands).encode("utf-8", "surrogateescape"),
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"},
    )
    printed = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
    assert "Traceback" not in printed, printed
    codes = [line for line in printed.splitlines() if line.startswith("code ")]
    assert len(codes) == len(commands), printed
    assert codes[:-2] == ["code 0"] * (len(commands) - 2), printed
    assert all(code.startswith("code error: ") for code in codes[-2:])
    info = PreparedDataset(tmp_path / "fertig ±").info
    assert info.tasks["semantic"] == ("Straße", "Bürger")
    assert "straßé\n" in (tmp_path / "fertig ±/splits/val.txt").read_text("utf-8")
    assert (tmp_path / "bilder ü/straßé.png").exists() and (tmp_path / "h\udcff.png").exists()


SEEN_CODE_AND_FILES = """
import sys
from pathlib import Path
from fcnlib.core.fingerprint import fingerprint, stamp
print(fingerprint(Path(sys.argv[1])), stamp([Path("images"), Path("classes.txt")]))
"""


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_what_a_run_is_made_of_is_the_same_in_every_locale(tmp_path: Path, locale: str) -> None:
    """Else a finished run would be made again."""
    root = own(tmp_path / "own")
    (root / "images/im0.png").rename(root / "images/straßé.png")
    (root / "classes.txt").write_text("Straße\nBürger\n", "utf-8")
    if locale != "C":
        made = subprocess.run(["localedef", "-i", "en_US", "-f", "ISO-8859-1", tmp_path / locale])
        if made.returncode:
            pytest.skip("no locale can be made here")
    script = REPOSITORY / "workflow/scripts/prepare.py"
    command = [sys.executable, "-c", SEEN_CODE_AND_FILES, str(script)]
    utf8, other = (
        subprocess.run(
            command,
            cwd=root,
            check=True,
            capture_output=True,
            env={**os.environ, "LOCPATH": str(tmp_path), **environment},
        ).stdout
        for environment in (
            {"PYTHONUTF8": "1"},
            {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )
    )
    assert utf8 == other
