"""Image and label files in and out of arrays; a bad file is an InputError that names it."""

import io
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fcnlib.core.errors import InputError

Colour = tuple[int, int, int]

VOID = 255
# What Pillow raises for damaged files, by format; it has no common class.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    RuntimeError,
)
# Pillow stretches greyscale PNGs of 2 and 4 bits to 0..255; indices must not be stretched.
_STRETCH = {"L;2": 85, "L;4": 17}
_ORIENTATION = 0x0112  # EXIF tag; its values, and what puts each upright
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def load(file: Path | bytes, name: object = None) -> Image.Image:
    """The decoded picture of a path or of a file's content."""
    name = file if name is None else name
    try:
        with (
            io.BytesIO(file) if isinstance(file, bytes) else open(file, "rb") as stream,
            Image.open(stream) as image,
        ):
            image.info["raw"] = image.tile[0][3] if image.tile else None
            image.load()
            return image
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder, expected an image") from None
    except UnidentifiedImageError:
        raise InputError(f"{name}: not an image, or its first bytes are damaged") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{name}: {str(error).partition(',')[0]}") from None
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.strerror:  # the disk's word, not Pillow's
            raise InputError(f"{name}: cannot be read ({error.strerror})") from None
        raise InputError(f"{name}: damaged or cut short ({error})") from None


def rgb(image: Image.Image, name: object) -> NDArray[np.uint8]:
    """The picture as uint8 [H, W, 3], as stored: orientation tags are not applied.

    Of 16 bits the upper 8 count; what is transparent shows white, as on a page.
    """
    if image.mode == "F":
        raise InputError(f"{name}: floating-point pixels, expected 8 or 16 bits")
    if image.mode.startswith("I"):  # Pillow would clip at 255
        values = np.asarray(image)
        if values.min() < 0 or values.max() >= 2**16:
            found = f"{values.min()} to {values.max()}"
            raise InputError(f"{name}: pixels from {found}, expected 8 or 16 bits")
        return np.repeat((values // 256).astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def orientation(image: Image.Image) -> int:
    """The file's wish how to be turned for display: 1 is upright, 5 to 8 swap height and width."""
    try:
        wish = image.getexif().get(_ORIENTATION, 1)
    except (*_DAMAGED, TypeError):  # a damaged tag leaves the picture as it is
        return 1
    return wish if wish in _TURN else 1


def upright(image: Image.Image, name: object) -> NDArray[np.uint8]:
    """The picture as uint8 [H, W, 3], turned as a viewer would show it."""
    turn = _TURN.get(orientation(image))
    return rgb(image if turn is None else image.transpose(turn), name)


def storable(data: bytes, name: object, *, orient: bool) -> tuple[bytes, str, NDArray[np.uint8]]:
    """A file's content to store, its suffix and its pixels.

    An 8-bit JPEG or PNG stays byte for byte what it is; everything else becomes an RGB PNG, as does
    a picture that is to be turned (`orient`), for readers do not look at that tag.
    """
    image = load(data, name)
    suffix = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}.get(image.format or "")
    turned = orient and orientation(image) != 1
    if suffix and image.mode in ("RGB", "L") and not turned:
        return data, suffix, rgb(image, name)
    pixels = upright(image, name) if turned else rgb(image, name)
    return encoded(Image.fromarray(pixels)), ".png", pixels


def encoded(image: Image.Image, *, level: int = 6) -> bytes:
    """The picture as the content of a PNG file.

    Of measured depth, level 1 makes files a twentieth larger in a seventh of the time.
    """
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=level)
    return file.getvalue()


def indices(image: Image.Image, name: object) -> NDArray[Any]:
    """A label picture's class indices [H, W]: palette, greyscale or 16-bit, never colours."""
    if image.mode not in ("P", "L", "1") and not image.mode.startswith("I"):
        raise InputError(f"{name}: is {image.mode}, expected one channel of class indices")
    label = np.array(image)  # [H, W]
    if image.mode == "1":
        label = label.astype(np.uint8)
    raw = image.info.get("raw")
    return label // _STRETCH[raw] if isinstance(raw, str) and raw in _STRETCH else label


def millimetres(file: Path | bytes, name: object = None) -> NDArray[np.uint16]:
    """A depth picture's values as uint16 [H, W]."""
    name = file if name is None else name
    picture = load(file, name)
    if not picture.mode.startswith("I"):
        raise InputError(f"{name}: is {picture.mode}, expected 16-bit depth in millimetres")
    values = np.array(picture)
    if values.min() < 0 or values.max() >= 2**16:
        found = f"{values.min()} to {values.max()}"
        raise InputError(f"{name}: depth from {found}, expected 16 bits of millimetres")
    return values.astype(np.uint16)


def label_png(label: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """A label as the content of an 8-bit palette PNG."""
    image = Image.fromarray(label)
    image.putpalette([value for colour in palette for value in colour])
    return encoded(image)


@cache
def voc_palette(colours: int = 256) -> tuple[Colour, ...]:
    """The official VOC colour map: bits of the index, dealt to red, green and blue in turn."""

    def channel(index: int, which: int) -> int:
        return sum(((index >> (3 * bit + which)) & 1) << (7 - bit) for bit in range(8))

    return tuple((channel(i, 0), channel(i, 1), channel(i, 2)) for i in range(colours))


def full_palette(colours: Sequence[Colour]) -> tuple[Colour, ...]:
    """All 256 entries: the given colours, then the VOC colour map's."""
    return (*colours, *voc_palette()[len(colours) :])
