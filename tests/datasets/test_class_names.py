"""Class lists that are plain names, and those of other tools."""

import re

import pytest

from fcnlib.core.errors import InputError
from fcnlib.datasets.class_names import check_class_names
from fcnlib.datasets.converters.nyudv2_classes import CLASSES as NYUD
from fcnlib.datasets.converters.pascal_context import CLASSES as CONTEXT
from fcnlib.datasets.converters.siftflow_names import SEMANTIC_CLASSES
from fcnlib.datasets.converters.voc import CLASSES as VOC


@pytest.mark.parametrize(
    "names",
    [
        VOC,
        NYUD,
        CONTEXT,
        tuple(SEMANTIC_CLASSES),
        ("_background_", "cat"),
        ("void", "unlabelled", "ignore"),
        ("building, edifice", "screen door, screen", "road: paved", "driver's seat"),
        ("3D model", "2 door car", "18-wheeler"),
        ("class 0", "class 1", "background"),
        ("name tag", "label maker", "index finger"),
        ("0", "1", "2"),
        ("red", "green", "blue", "gravel"),
        ("道路", "Straße", "🐕"),
        ("lane 1", "lane 2", "lane 3"),
        ("क्\u200dष", "क्\u200cष"),
        ("car, truck", "road"),
    ],
)
def test_names_are_taken_as_they_are(names):
    check_class_names(names, "classes.txt")


@pytest.mark.parametrize(
    ("names", "line", "kind"),
    [
        (("__ignore__", "_background_", "cat"), 1, "the pseudo class of labelme"),
        (("_background_", "__ignore__", "cat"), 2, "the pseudo class of labelme"),
        (("# label:color_rgb:parts:actions", "background:0,0,0::"), 1, "a comment"),
        (("background:0,0,0::", "cat:250,50,83::"), 1, "a name and a colour"),
        (("name,r,g,b", "Animal,64,128,64"), 1, "a heading"),
        (("name, r, g, b", "Animal, 64, 128, 64"), 1, "a heading"),
        (("Animal,64,128,64", "Archway,192,0,128"), 1, "a name and a colour"),
        (("64 128 64\tAnimal", "192 0 128\tArchway"), 1, "a name and a colour"),
        (("background #000000", "cat #ff0000"), 1, "a name and a colour"),
        (("Idx\tRatio\tName", "1\t0.1\twall"), 1, "a heading"),
        (("Name", "wall", "sky"), 1, "a heading"),
        (("classes", "wall", "sky"), 1, "a heading"),
        (("class_name", "wall", "sky"), 1, "a heading"),
        (("nc: 2", "names: ['cat', 'dog']"), 1, "of another format"),
        (("- cat", "- dog"), 1, "of another format"),
        (("[", '"cat",', '"dog"', "]"), 1, "of another format"),
        (("cat", '"dog",'), 2, "of another format"),
        (("<html>", "404"), 1, "of another format"),
        (("x" * 30_000, "y"), 1, "30000 characters long"),
    ],
)
def test_a_line_that_is_no_name_is_an_error(names, line, kind):
    expected = re.escape(f"classes.txt: line {line}: {names[line - 1][:40]!r} is {kind}")
    with pytest.raises(InputError, match=expected) as caught:
        check_class_names(names, "classes.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ("0 background", "1 cat"),
        ("1: wall", "2: sky", "3: tree"),
        ("0,background", "1,cat"),
        ("1. cat", "2. dog"),
        ("0\tbackground", "1\tcat"),
        ("background,0", "cat,1"),
        ("background;0", "cat;1"),
        ("background: 1", "cat: 2"),
        ("background\t0", "cat\t1"),
    ],
)
def test_numbered_names_are_an_error(names):
    with pytest.raises(InputError, match=r"classes\.txt: names are numbered from [01]; "):
        check_class_names(names, "classes.txt")


@pytest.mark.parametrize("line", ["sky,road,tree", "sky; road", "sky\troad"])
def test_all_names_on_one_line_are_an_error(line):
    with pytest.raises(InputError, match=r"classes\.txt: one line with '(,|;|\\t)' in it: 'sky"):
        check_class_names([line], "classes.txt")


@pytest.mark.parametrize("sign", ["\0", "\x1b[2J", "\t", "\u202e", "\u200b", "\u2060"])
def test_what_cannot_be_seen_in_a_name_is_an_error(sign):
    expected = (
        r"classes\.txt: line 2: .* holds '\\.*', which cannot be seen; expected one class name"
    )
    with pytest.raises(InputError, match=expected):
        check_class_names(["sky", f"ro{sign}ad"], "classes.txt")
