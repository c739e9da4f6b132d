"""Pictures as data URIs, so that the page is one file."""

import base64
import io
import re
from pathlib import Path

from PIL import Image

from fcnlib.core.errors import InputError

SCREEN = 1600  # pixels in width: more than the page ever gives a picture
QUALITY = 90  # of photographs: no loss that an eye sees at the size of the page
PATH_DATA = re.compile(r'(?<= d=")[^"]+')
AROUND_COMMANDS = re.compile(r"\s+(?=[MLHVCQSTAZz])|(?<=[MLHVCQSTAZz])\s+")
FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
BETWEEN_TAGS = re.compile(r">\s+<")
# All that would end an attribute, or that a URI gives a meaning of its own.
RESERVED = {sign: f"%{ord(sign):02X}" for sign in '%"#<>&\n\r\t'}  # % comes first


def picture_uri(path: Path | str) -> str:
    """The picture of a figure as a data URI, no larger than a screen needs."""
    path = Path(path)
    try:
        if path.suffix == ".svg":
            return f"data:image/svg+xml,{_quoted(_small_svg(path.read_text('utf-8')))}"
        return f"data:image/webp;base64,{base64.b64encode(_small_image(path)).decode()}"
    except (OSError, ValueError) as error:  # what is no picture, and text that is not UTF-8
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected a picture: {reason}") from None


def _small_svg(text: str) -> str:
    """The chart with coordinates to a hundredth of a point, which no eye can tell."""
    text = PATH_DATA.sub(_short_path, text[text.index("<svg") :])
    return BETWEEN_TAGS.sub("><", text)


def _short_path(found: re.Match[str]) -> str:
    return AROUND_COMMANDS.sub("", FURTHER_DECIMALS.sub("", found[0]))


def _quoted(text: str) -> str:
    for sign, code in RESERVED.items():
        text = text.replace(sign, code)
    return text


def _small_image(path: Path) -> bytes:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width > SCREEN:
        height = max(1, round(image.height * SCREEN / image.width))
        image = image.resize((SCREEN, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()
