"""HHA of all images of a prepared data set, stored as images."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.core.errors import InputError, attempt, raise_all
from fcnlib.core.files import atomic_write, resumable_folder, write_json
from fcnlib.core.fingerprint import fingerprint
from fcnlib.core.listing import as_file_name
from fcnlib.core.parallel import in_processes
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.digests import digest_of_hha, foreign_files
from fcnlib.datasets.hha.encode import Camera, depth_unit_warning, hha_channels, to_bytes
from fcnlib.datasets.journal import (
    StoredFile,
    channel_means,
    channel_sums,
    common_depth_warning,
    pixel_digest,
)
from fcnlib.datasets.reader import (
    HHA_INFO,
    INFO,
    HHAInfo,
    PreparedDataset,
    first_and_more,
    read_info,
)

log = logging.getLogger(__name__)

ZLIB_LEVEL = 3  # files a tenth larger than at the default, 6, in a third of the time


def prepare_hha(dataset: Path, *, workers: int = 1) -> None:
    """Write `hha/ID.png` and then `hha.json` into a prepared data set.

    The next run resumes after the images that a stopped one wrote. HHA that came with the data set
    is kept.
    """
    info = read_info(dataset / INFO)
    (dataset / HHA_INFO).unlink(missing_ok=True)  # written last, once all images are there
    prepared = PreparedDataset(dataset)
    splits = {split: prepared.ids(split) for split in info.splits}
    ids = sorted({id for listed in splits.values() for id in listed})
    if "hha" in info.inputs:
        files = _records(partial(_read_stored, prepared), ids, "Reading HHA", workers)
    elif info.camera is None or "depth" not in info.inputs:
        raise InputError(f"{dataset}: no depth in it, expected depth and its camera for HHA")
    else:
        others = [name for name in foreign_files(dataset) if name.startswith("hha/")]
        if others:
            named = first_and_more(others)
            raise InputError(f"{dataset}: holds {named}, which would be deleted; move it elsewhere")
        camera = Camera(*info.camera)
        with resumable_folder(dataset / "hha", _key(info.digest, camera)) as folder:
            encode = partial(_encode, prepared, folder, camera)
            files = _records(encode, ids, "Encoding HHA", workers)
    if warning := common_depth_warning(files):
        log.warning("%s: %s", dataset, warning)
    by_id = {file.id: file for file in files}
    hha_info = HHAInfo(
        images=len(ids),
        means={
            split: channel_means([by_id[id] for id in listed]) for split, listed in splits.items()
        },
        digest=digest_of_hha({file.id: file.digest for file in files}),
    )
    write_json(dataset / HHA_INFO, hha_info.model_dump(mode="json"))


def _records(
    function: Callable[[str], StoredFile], ids: Sequence[str], title: str, workers: int
) -> list[StoredFile]:
    """What the function makes of every image; those that fail are named when all were tried."""
    results = in_processes(partial(attempt, function), ids, workers)
    found = list(progress(results, desc=title, total=len(ids), unit="image"))
    failed = [result for result in found if isinstance(result, InputError)]
    raise_all(failed, f"of {len(ids)} images have no HHA, expected all of them")
    return [result for result in found if isinstance(result, StoredFile)]


def write_hha(hha: NDArray[np.uint8], path: Path) -> None:
    """Write HHA [H, W, 3] as a PNG whose channels are disparity, height and angle."""
    with atomic_write(path, durable=False) as temporary:
        Image.fromarray(hha).save(temporary, "PNG", compress_level=ZLIB_LEVEL)


def _key(digest: str, camera: Camera) -> str:
    """A hash of what the images depend on: the data, and the code that encodes them."""
    return _hash(digest, repr(camera), fingerprint(Path(__file__)))


def _encode(prepared: PreparedDataset, folder: Path, camera: Camera, id: str) -> StoredFile:
    """Write an image's HHA, unless a stopped run did."""
    path = folder / as_file_name(f"{id}.png")
    if path.exists():
        return _record(id, np.array(images.read_image(path)))
    metres = prepared.depth(id) / 1000.0
    try:
        hha = to_bytes(*hha_channels(metres, prepared.missing(id), camera))
    except InputError as error:
        raise InputError(f"{prepared.root}: {id}: {error}") from None
    write_hha(hha, path)
    return _record(id, hha, depth_unit_warning(metres))


def _read_stored(prepared: PreparedDataset, id: str) -> StoredFile:
    """The record of HHA that came with the data set."""
    return _record(id, prepared.hha(id))


def _record(id: str, hha: NDArray[np.uint8], warning: str = "") -> StoredFile:
    digest, sums = pixel_digest(hha), channel_sums(hha)
    return StoredFile("hha", id, "", hha.shape, digest, sums, warning)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
