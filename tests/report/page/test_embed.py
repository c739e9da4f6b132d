"""Pictures as data URIs."""

import base64
import io
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.report.page.embed import SCREEN, picture_uri

CHART = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "x" "y">
<svg xmlns="http://www.w3.org/2000/svg" width="9pt">
 <g style="fill: #fff; opacity: 0.125">
  <path d="M 1.23456 2 
L -0.5 3.999 
z
" />
 </g>
 <text>50 % &lt;a&gt; &amp; "b"  c</text>
</svg>
"""


def decoded(uri: str) -> Image.Image:
    kind, _, data = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_chart_is_the_same_drawing_in_fewer_characters(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    path.write_text(CHART, "utf-8")
    uri = picture_uri(path)
    start = "data:image/svg+xml,"
    assert uri.startswith(start) and not {*uri} & {*'"<>#\n'}
    drawing = ElementTree.fromstring(unquote(uri.removeprefix(start)))
    group, words = drawing
    assert group.get("style") == "fill: #fff; opacity: 0.125"
    assert group[0].get("d") == "M1.23 2L-0.5 3.99z"
    assert words.text == '50 % <a> & "b"  c'


def test_a_picture_is_no_wider_than_a_screen_and_looks_the_same(tmp_path: Path) -> None:
    wide = Image.new("RGBA", (2 * SCREEN, 40), (200, 30, 60, 255))
    wide.save(tmp_path / "wide.png")
    shown = decoded(picture_uri(tmp_path / "wide.png"))
    assert shown.size == (SCREEN, 20)
    red, green, blue = shown.convert("RGB").getpixel((5, 5))
    assert abs(red - 200) < 6 and abs(green - 30) < 6 and abs(blue - 60) < 6
    wide.resize((30, 20)).save(tmp_path / "small.png")
    assert decoded(picture_uri(tmp_path / "small.png")).size == (30, 20)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b""),
        ("a.png", b"<svg/>"),
        ("a.svg", b"no chart"),
        ("a.svg", b"<svg>\xff</svg>"),
    ],
)
def test_what_is_no_picture_is_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: expected a picture: ") as error:
        picture_uri(tmp_path / name)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=r"none\.svg: expected a picture: "):
        picture_uri(tmp_path / "none.svg")
