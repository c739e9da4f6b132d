"""Digests of the files of a prepared data set: what was written, and what is not that any more.

`digests.txt` has a line for each split, with its IDs, and for each image, depth, HHA and label,
with a hash: of a JPEG's bytes, of a PNG's pixels, which do not depend on zlib's version. The
SHA-256 of `digests.txt` is the digest in `dataset.json`.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from fcnlib.core.errors import InputError
from fcnlib.core.listing import as_file_name, file_id, same_form
from fcnlib.core.parallel import in_threads
from fcnlib.core.progress import progress
from fcnlib.core.reading import read_bytes
from fcnlib.datasets import images
from fcnlib.datasets.journal import StoredFile, pixel_digest
from fcnlib.datasets.reader import DIGESTS, HHA_INFO, INFO, read_hha_info, read_info, read_list

Digests = dict[str, str]  # kind/ID -> hash, splits/NAME -> IDs

_LINE = re.compile(r"(splits/\S+) (.+)|((?:image|depth|hha|labels/[^/]+)/[^/]+) ([0-9a-f]{64,128})")
# What a file manager adds, and what a stopped run of ours left.
_PASSING = re.compile(r"\.DS_Store|Thumbs\.db|\._.+|\..+\.(?:part|tmp(?:\.\w+)?)")


def digest_lines(splits: Mapping[str, Sequence[str]], files: Iterable[StoredFile]) -> bytes:
    """The content of `digests.txt`."""
    lines = [f"splits/{name} {','.join(ids)}" for name, ids in splits.items()]
    lines += [f"{file.kind}/{file.id} {file.digest}" for file in files]
    return "\n".join(sorted(lines)).encode()


def read_digests(root: Path) -> Digests:
    """The content of a prepared data set's `digests.txt`."""
    path = root / DIGESTS
    content = read_bytes(path)
    try:
        matches = [_LINE.fullmatch(line) for line in content.decode().split("\n")]
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file, expected a line for each file") from None
    if None in matches:
        number = matches.index(None) + 1
        raise InputError(f"{path}: line {number}: expected a file of this folder and its digest")
    return {match[1] or match[3]: match[2] or match[4] for match in matches if match}


def changed_files(root: Path, *, workers: int = 1) -> list[Path]:
    """What in a prepared data set is not what was written; absent files aside.

    Of HHA that was encoded from depth, and of a data set without `digests.txt`, as earlier versions
    wrote it, only the digest of all files together is known: if that is another, it is the folder.
    """
    if (root / DIGESTS).exists():
        written = read_digests(root)
        changed = [
            _path(root, key)
            for key, digest in _current_digests(root, written, workers)
            if digest and not _agrees(key, digest, written[key])
        ]
        keys = list(written)
    else:
        keys = _keys(root)
        found = _current_digests(root, keys, workers)
        text = "\n".join(sorted(f"{key} {digest}" for key, digest in found))
        same = hashlib.sha256(text.encode()).hexdigest() == read_info(root / INFO).digest
        changed = [] if same else [root]
    is_encoded = not any(key.startswith("hha/") for key in keys)
    return changed + (_changed_hha(root, workers) if is_encoded else [])


def _agrees(key: str, digest: str, written: str) -> bool:
    # Of depth, that of where it is missing follows.
    return digest == written or (key.startswith("depth/") and digest == written[: len(digest)])


def _changed_hha(root: Path, workers: int) -> list[Path]:
    """The folder of HHA, if its files are not those that `hha.json` was written for."""
    if not (root / HHA_INFO).exists():
        return []
    ids = sorted(file_id(path) for path in (root / "hha").glob("*.png"))
    found = _current_digests(root, [f"hha/{id}" for id in ids], workers)
    digest = digest_of_hha({key.removeprefix("hha/"): digest for key, digest in found})
    return [] if digest == read_hha_info(root / HHA_INFO).digest else [root / "hha"]


def digest_of_hha(digests: Mapping[str, str]) -> str:
    """The digest of all HHA images, given each image's by ID."""
    text = "\n".join(f"{id} {digests[id]}" for id in sorted(digests))
    return hashlib.sha256(text.encode()).hexdigest()


def foreign_files(root: Path) -> list[str]:
    """What in a folder no converter of ours wrote: all of it, unless it is a prepared data set."""
    try:
        keys = list(read_digests(root)) if (root / DIGESTS).exists() else _keys(root)
    except InputError:
        return sorted(_contents(root))
    contents = set(_contents(root))
    ours = {INFO, HHA_INFO, DIGESTS}
    for key in keys:
        found = contents.intersection(_names(key))
        if len(found) == 1:  # of two images with one name, one is not ours
            ours |= found
        kind, _, id = key.rpartition("/")
        ours |= {"image": {f"hha/{id}.png"}, "depth": {f"missing/{id}.png"}}.get(kind, set())
    return sorted(contents - ours)


def _contents(root: Path) -> Iterator[str]:
    """The names below a folder of all files, and of links to folders."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _PASSING.fullmatch(name)]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            if not _PASSING.fullmatch(name):
                yield same_form(Path(folder, name).relative_to(root).as_posix())


def _keys(root: Path) -> list[str]:
    """What `digests.txt` would have of a data set of an earlier version."""
    info = read_info(root / INFO)
    lists = {name: read_list(root / "splits" / f"{name}.txt") for name in info.splits}
    ids = sorted({id for listed in lists.values() for id in listed})
    inputs = ("image" if name == "rgb" else name for name in info.inputs)
    kinds = (*inputs, *(f"labels/{task}" for task in info.tasks))
    return [
        *(f"splits/{name}" for name in lists),
        *(f"{kind}/{id}" for kind in kinds for id in ids),
    ]


def _names(key: str) -> tuple[str, ...]:
    """The names that the file of an image, depth, HHA, label or split can have."""
    kind, _, id = key.rpartition("/")
    if kind == "image":
        return f"images/{id}.jpg", f"images/{id}.png"
    return (f"{key}.txt" if kind == "splits" else f"{key}.png",)


def _path(root: Path, key: str) -> Path:
    """The file of a line: of those that it can have, the one that is there."""
    paths = [root / as_file_name(name) for name in _names(key)]
    return next((path for path in paths if path.exists()), paths[0])


def _current_digests(root: Path, keys: Iterable[str], workers: int) -> Iterator[tuple[str, str]]:
    """Each key and the digest of its file as it is now; empty if that is absent."""
    keys = list(keys)
    results = in_threads(partial(_current_digest, root), keys, workers)
    bar = progress(results, desc="comparing digests", total=len(keys), unit="file")
    return zip(keys, bar, strict=True)


def _current_digest(root: Path, key: str) -> str:
    path = _path(root, key)
    if not path.exists():
        return ""
    kind = key.partition("/")[0]
    digest: Callable[[Path], str] = {
        "splits": lambda path: ",".join(read_list(path)),
        "labels": lambda path: pixel_digest(images.class_indices(images.read_image(path), path)),
        "depth": _depth_digest,
    }.get(kind, _image_digest)
    try:
        return digest(path)
    except InputError as error:
        return f"unreadable: {error}"


def _image_digest(path: Path) -> str:
    if path.suffix == ".jpg":
        return hashlib.sha256(read_bytes(path)).hexdigest()
    return pixel_digest(images.to_rgb(images.read_image(path), path))


def _depth_digest(path: Path) -> str:
    digest = pixel_digest(images.read_depth(path))
    missing = path.parents[1] / "missing" / path.name
    return digest + (_bits_digest(missing) if missing.exists() else "")


def _bits_digest(path: Path) -> str:
    # Pillow's own array of bits has 255 for true, and so other bytes.
    return pixel_digest(np.asarray(images.read_image(path).convert("L")) > 0)
