"""Reading and writing image and label files; a bad file is an InputError that names it."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from fcnlib.config.schema_base import Colour
from fcnlib.core.errors import DAMAGED, InputError
from fcnlib.core.reading import open_regular
from fcnlib.datasets.formats import what_is

VOID = 255
LARGE_PIXELS = 500_000_000  # that are read where images may be large
# Pillow's decoders that run no other program, as that of EPS does, as far as they are there.
FORMATS = (
    *("JPEG", "MPO", "PNG", "TIFF", "BMP"),
    *("GIF", "PPM", "WEBP", "JPEG2000", "AVIF", "HEIF"),
)
LOSSY = ("JPEG", "MPO", "JPEG2000", "tiff_jpeg", "jpeg", "webp")  # formats, and codings of TIFF
COLOURED = ("P", "PA", "RGB", "RGBA", "RGBX")  # modes of images with colours
# Pillow stretches greys of 2 and 4 bits to 0..255; indices must not be stretched.
_STRETCH = {"L;2": 85, "L;4": 17}
_ORIENTATION = 0x0112  # EXIF tag
Box = tuple[int, int, int, int]  # left, top, right, bottom
_TRANSPOSE = {  # what makes an image of each orientation upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class TooManyPixels(InputError):
    """An image has more pixels than are read unasked."""


def read_image(file: Path | bytes, name: object = None, *, large: bool = False) -> Image.Image:
    """The decoded image of a file, given as its path or its content; `name` is for messages.

    If it may be `large`, of up to LARGE_PIXELS; else of up to Pillow's own limit, 179 million.
    """
    name = file if name is None else name
    with (
        _damage_named(name),
        _large_allowed() if large else nullcontext(),
        io.BytesIO(file) if isinstance(file, bytes) else open_regular(file) as stream,
        _opened(stream, name) as image,
    ):
        if large and image.width * image.height > LARGE_PIXELS:
            megapixels = f"{image.width * image.height / 1e6:.0f} megapixels"
            raise InputError(f"{name}: {megapixels}; expected at most {LARGE_PIXELS / 1e6:.0f}")
        image.info["raw"] = _raw_mode(image)
        # Pillow turns TIFFs itself, and then forgets their tag.
        image.info["tag"] = getattr(image, "tag_v2", {}).get(_ORIENTATION)
        image.load()
        return image


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of an image file, read from its header only."""
    with _damage_named(path), open_regular(path) as stream, _opened(stream, path) as image:
        return image.height, image.width


@contextmanager
def _damage_named(name: object) -> Iterator[None]:
    """Turn what opening and decoding an image file raises into an InputError that names it."""
    try:
        yield
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixels(f"{name}: {str(error).partition(',')[0]}") from None
    except DAMAGED as error:
        if isinstance(error, OSError) and error.strerror:  # of the system, not of Pillow
            raise InputError(f"{name}: cannot be read ({error.strerror})") from None
        raise InputError(f"{name}: damaged or cut short ({error})") from None


@contextmanager
def _large_allowed() -> Iterator[None]:
    """Without Pillow's limit, which is the whole process's: not beside other reading."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _opened(stream: BinaryIO, name: object) -> ImageFile.ImageFile:
    """The image of a file, not decoded yet; of a file that is none, what it is instead."""
    try:
        return Image.open(stream, formats=_formats())
    except UnidentifiedImageError:
        stream.seek(0)
        if kind := what_is(stream.read(64)):
            raise InputError(f"{name}: not an image that can be read: {kind}") from None
        raise InputError(f"{name}: not an image, or its first bytes are damaged") from None


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this Pillow reads."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """How the pixels are stored, in Pillow's words, such as `L;4`."""
    arguments = image.tile[0][3] if image.tile else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def to_rgb(image: Image.Image, name: object) -> NDArray[np.uint8]:
    """The pixels as uint8 [H, W, 3], as stored: orientation tags are not applied.

    Of 16 bits the upper 8 are kept; transparency is put on white.
    """
    check_rgb(image, name)
    if image.mode.startswith("I"):  # Pillow would clip at 255
        return np.repeat((np.asarray(image) // 256).astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def check_rgb(image: Image.Image, name: object) -> None:
    """Raise unless the image has colours or greys of up to 16 bits."""
    if image.mode == "F":
        raise InputError(f"{name}: floating-point pixels, expected 8 or 16 bits")
    _check_16_bits(image, f"{name}: pixels", "8 or 16 bits")


def _check_16_bits(image: Image.Image, what: str, expected: str) -> None:
    if image.mode == "I":  # of 32 bits
        low, high = np.array(image.getextrema())  # without a copy of the pixels
        if low < 0 or high >= 2**16:
            raise InputError(f"{what} from {low} to {high}, expected {expected}")


def orientation(image: Image.Image) -> int:
    """The EXIF orientation: 1 is upright, 5 to 8 swap height and width."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DAMAGED:  # a damaged tag counts as upright
        return 1
    return value if value in _TRANSPOSE else 1


def stored_orientation(image: Image.Image) -> int:
    """The orientation that a file's tag names, also if Pillow has turned it since."""
    value = image.info.get("tag")
    return value if value in _TRANSPOSE else orientation(image)


def brightest_of_16_bits(image: Image.Image, pixels: NDArray[np.uint8]) -> int | None:
    """The largest of the upper 8 bits that are kept; None if the image does not have 16.

    `pixels` are those of `to_rgb`.
    """
    is_deep = image.mode.startswith("I") or ";16" in str(image.info.get("raw"))
    return int(pixels.max(initial=0)) if is_deep else None


def stored_box(image: Image.Image, box: Box) -> Box:
    """Where a part of the upright image lies in the image as it is stored."""
    tag = orientation(image)
    (left, top, right, bottom), (width, height) = box, image.size
    if tag >= 5:
        left, top, right, bottom = top, left, bottom, right
    if tag in (2, 3, 7, 8):
        left, right = width - right, width - left
    if tag in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def upright(image: Image.Image) -> Image.Image:
    """The image turned by its orientation tag, which stays, so that it is to be turned once."""
    image.load()  # Pillow turns TIFFs itself, and then forgets their tag
    transpose = _TRANSPOSE.get(orientation(image))
    return image if transpose is None else image.transpose(transpose)


class StoredImage(NamedTuple):
    """An image as a prepared data set stores it."""

    content: bytes
    suffix: str
    pixels: NDArray[np.uint8]  # [H, W, 3]
    source: Image.Image  # as it was read


def to_stored_image(data: bytes, name: object, *, orient: bool) -> StoredImage:
    """The image to store of an image file.

    An 8-bit JPEG or PNG keeps its bytes; everything else becomes an RGB PNG, and so does an image
    that `orient` turns, as readers of data sets ignore orientation tags.
    """
    image = read_image(data, name)
    suffix = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}.get(image.format or "")
    is_turned = orient and orientation(image) != 1
    if suffix and image.mode in ("RGB", "L") and not is_turned:
        return StoredImage(data, suffix, to_rgb(image, name), image)
    pixels = to_rgb(upright(image) if is_turned else image, name)
    return StoredImage(encode_png(Image.fromarray(pixels)), ".png", pixels, image)


def encode_png(image: Image.Image, *, level: int = 6) -> bytes:
    """The image as the content of a PNG file.

    For measured depth, level 1 gives files a twentieth larger in a seventh of the time.
    """
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=level)
    return file.getvalue()


def class_indices(image: Image.Image, name: object) -> NDArray[Any]:
    """The class indices [H, W] of a palette, greyscale or 16-bit image, as they are stored.

    Colours are an error, and so is a coding that changes indices.
    """
    _check_lossless(image, name)
    if image.mode not in ("P", "L", "1") and not image.mode.startswith("I"):
        hint = " (or, in a folder of your own, `palette`: the classes' colours)"
        hint = hint if image.mode in COLOURED else ""
        raise InputError(f"{name}: is {image.mode}, expected one channel of class indices{hint}")
    label = np.array(image)  # [H, W]
    raw = str(image.info.get("raw"))
    if raw.startswith("1;I"):
        raise InputError(
            f"{name}: 1 bit with 0 as white (MinIsWhite): white may be class 0 or 1; expected PNG"
        )
    if image.mode == "1":
        return label.astype(np.uint8)
    if not raw.startswith("L;"):
        return label
    if "I" in raw:  # stored with 0 as white, which Pillow has inverted
        label = 255 - label
    return label // _STRETCH.get(raw.rstrip("IR"), 1)


def mask_colours(image: Image.Image, name: object) -> NDArray[np.int32]:
    """The colours [H, W] of a mask, each as one number, 0xRRGGBB; transparency is left out."""
    _check_lossless(image, name)
    opaque = image.convert("RGBA") if image.has_transparency_data else image
    red, green, blue = np.moveaxis(np.asarray(opaque.convert("RGB"), np.int32), 2, 0)
    packed: NDArray[np.int32] = (red << 16) + (green << 8) + blue
    return packed


def _check_lossless(image: Image.Image, name: object) -> None:
    for coding in (image.format, image.info.get("compression")):
        if coding in LOSSY:
            coding = f"{coding} inside, which changes class indices"
            raise InputError(f"{name}: {coding}; expected a lossless mask, such as PNG")


def palette(image: Image.Image) -> bytes:
    """Red, green and blue by index of a palette image; nothing of others."""
    return bytes(image.getpalette() or ()) if image.mode == "P" else b""


def read_depth(file: Path | bytes, name: object = None) -> NDArray[np.uint16]:
    """The depth in millimetres, uint16 [H, W], of a 16-bit image file, as stored."""
    name = file if name is None else name
    return to_depth(read_image(file, name), name)


def to_depth(image: Image.Image, name: object) -> NDArray[np.uint16]:
    """The depth in millimetres, uint16 [H, W], as stored: orientation tags are not applied."""
    check_depth(image, name)
    return np.asarray(image).astype(np.uint16)


def check_depth(image: Image.Image, name: object) -> None:
    """Raise unless the image is depth of 16 bits."""
    if not image.mode.startswith("I"):
        raise InputError(f"{name}: is {image.mode}, expected 16-bit depth in millimetres")
    _check_16_bits(image, f"{name}: depth", "16 bits of millimetres")


def label_png(label: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """A label [H, W] as the content of an 8-bit palette PNG."""
    image = Image.fromarray(label)
    image.putpalette([value for colour in palette for value in colour])
    return encode_png(image)


@cache
def voc_palette(colours: int = 256) -> tuple[Colour, ...]:
    """The official VOC colour map: the index's bits go to red, green and blue in turn."""

    def channel(index: int, offset: int) -> int:
        return sum(((index >> (3 * bit + offset)) & 1) << (7 - bit) for bit in range(8))

    return tuple((channel(i, 0), channel(i, 1), channel(i, 2)) for i in range(colours))


# The colours of Kelly, "Twenty-two colors of maximum contrast" (1965), but for black and white.
_KELLY = """
ffb300 803e75 ff6800 a6bdd7 c10020 cea262 817066 007d34 f6768e 00538a
ff7a5c 53377a ff8e00 b32851 f4c800 7f180d 93aa00 593315 f13a13 232c16
"""


def distinct_palette() -> tuple[Colour, ...]:
    """Colours that are easy to tell apart, then the VOC colour map's."""
    hexes = _KELLY.split()
    return full_palette([(each[0], each[1], each[2]) for each in map(bytes.fromhex, hexes)])


def full_palette(colours: Sequence[Colour]) -> tuple[Colour, ...]:
    """All 256 entries: the given colours, then the VOC colour map's."""
    return (*colours, *voc_palette()[len(colours) :])
