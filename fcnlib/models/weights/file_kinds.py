"""Kinds of files, told by their first bytes: messages name what a wrong file is."""

import zipfile
from pathlib import Path
from typing import IO, NamedTuple

from fcnlib.archives.unavailable import START
from fcnlib.core.errors import DAMAGED
from fcnlib.core.reading import open_regular

HEAD = 4096  # bytes looked at
PYTORCH, PYTORCH_LEGACY = "a PyTorch file", "a PyTorch file from before 2020"
TORCHSCRIPT = "an exported model (TorchScript)"
EMPTY, TEXT = "empty", "text"
MARK = "only the mark that a published file was not available (see `fcn fetch --retry`)"


class Signature(NamedTuple):
    """Bytes that a kind of file has at a place."""

    start: bytes
    kind: str
    at: int = 0


SIGNATURES = (
    Signature(START, MARK),
    Signature(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", PYTORCH_LEGACY),
    Signature(b"\x1f\x8b", "gzip data"),
    Signature(b"BZh", "bzip2 data"),
    Signature(b"\xfd7zXZ\0", "xz data"),
    Signature(b"\x28\xb5\x2f\xfd", "zstd data"),
    Signature(b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    Signature(b"Rar!", "a RAR archive"),
    Signature(b"ustar", "a tar archive", at=257),
    Signature(b"\x89HDF\r\n", "an HDF5 file (Keras? MATLAB?)"),
    Signature(b"MATLAB 5", "a MATLAB file"),
    Signature(b"\x93NUMPY", "a NumPy array"),
    Signature(b'{"', "a safetensors file", at=8),
    Signature(b"GGUF", "a GGUF file"),
    Signature(b"TFL3", "a TensorFlow Lite model", at=4),
    Signature(b"version https://git-lfs", "a Git LFS pointer"),
    Signature(b"\x89PNG", "a PNG image"),
    Signature(b"\xff\xd8\xff", "a JPEG image"),
    Signature(b"GIF8", "a GIF image"),
    Signature(b"%PDF", "a PDF document"),
    Signature(b"\x7fELF", "a program"),
    Signature(b"MZ", "a program"),
)
# Of the members of a ZIP file, by the end of a name.
MEMBERS = {
    "constants.pkl": TORCHSCRIPT,
    "data.pkl": PYTORCH,
    "models/model.json": "a model of torch.export",
    "model.weights.h5": "a Keras model",
    ".npy": "a file of NumPy arrays (.npz)",
}


def kind_of_file(path: Path, expected: str = "") -> str:
    """What the file is, such as "a web page"; "" where its first bytes do not tell."""
    with open_regular(path, expected) as file:
        head = file.read(HEAD)
        if head.startswith(b"PK"):
            return _kind_of_zip(file)
    if not head:
        return EMPTY
    if not any(head):
        return "nothing but zeros (an incomplete download?)"
    for start, kind, at in SIGNATURES:
        if head.startswith(start, at):
            return kind
    if head[:1] == b"\x08" and any(maker in head for maker in (b"onnx", b"pytorch", b"tf2onnx")):
        return "an ONNX model"
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return "a pickle, not of PyTorch"
    return _kind_of_text(head)


def _kind_of_zip(file: IO[bytes]) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except DAMAGED:
        return "a ZIP archive or PyTorch file that is cut short (an incomplete download?)"
    for end, kind in MEMBERS.items():
        if any(name.endswith(end) for name in names):
            return kind
    return "a ZIP archive without a PyTorch file's records"


def _kind_of_text(head: bytes) -> str:
    try:
        text = head.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not the last character, which may be cut
            return ""
        text = head[: error.start].decode("utf-8-sig").lstrip()
    if text.startswith("<"):
        return "a web page" if "<html" in text.lower() or "<!doctype" in text.lower() else "XML"
    if not text.isprintable() and any(c < " " and not c.isspace() for c in text):
        return ""
    return "JSON" if text.startswith(("{", "[")) else TEXT
