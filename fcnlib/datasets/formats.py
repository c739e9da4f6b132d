"""Which image files are read, and what a file is that is none of them."""

from PIL import features


def _register_heic() -> bool:
    """Whether Pillow reads HEIC from now on: only with a package that not everybody has."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _optional(feature: str, *suffixes: str) -> tuple[str, ...]:
    """The suffixes of a format that not every Pillow reads."""
    known = feature in features.modules or feature in features.codecs
    return suffixes if known and features.check(feature) else ()


MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")  # lossless formats
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", *MASK_SUFFIXES, ".webp", ".gif", ".ppm", ".pgm"),
    *_optional("avif", ".avif"),
    *_optional("jpg_2000", ".jp2", ".j2k", ".jpf", ".jpx"),
    *((".heic", ".heif", ".hif") if _register_heic() else ()),
)

# First bytes of what people take for an image that is read, or find under its name.
SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"v/1\x01", "OpenEXR"),
    (b"\x89HDF", "HDF5"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"version https://git-lfs", "a pointer of Git LFS; `git lfs pull` fetches the file"),
    (b"<svg", "SVG"),
    (b"<html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<?xml", "XML"),
)
BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "a camera's raw file", b"qt  ": "a film"}
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def what_is(start: bytes) -> str:
    """What a file is by its first bytes, for messages; "" if that is not known."""
    if not start:
        return "empty"
    if start[4:8] == b"ftyp":
        brand = start[8:12]
        return "HEIC" if brand in HEIC_BRANDS else BRANDS.get(brand, "a film")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next(
        (kind for first, kind in SIGNATURES if start.startswith(first) or text.startswith(first)),
        "",
    )
