"""HHA of all images of a prepared data set, which nets then read like photographs."""

import hashlib
import logging
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.core.errors import InputError
from fcnlib.core.files import atomic_write, resumable_folder, write_json
from fcnlib.core.fingerprint import fingerprint
from fcnlib.core.parallel import in_processes
from fcnlib.core.progress import progress
from fcnlib.datasets.hha.encode import (
    Camera,
    channels,
    doubt,
    rounded,
)
from fcnlib.datasets.journal import (
    Stored,
    mean,
    mostly_odd,
    pixel_digest,
    totals,
)
from fcnlib.datasets.reader import (
    HHA_INFO,
    INFO,
    HHAInfo,
    PreparedDataset,
    read_info,
)

log = logging.getLogger(__name__)

ZLIB_LEVEL = 3  # files a tenth larger than by its usual 6, in a third of the time


def prepare_hha(dataset: Path, *, workers: int = 1) -> None:
    """Write `hha/ID.png` and then `hha.json` into a prepared data set.

    A stopped run goes on behind the images that it wrote. HHA that came with the data set stays.
    """
    info = read_info(dataset / INFO)
    (dataset / HHA_INFO).unlink(missing_ok=True)  # until all images are there
    prepared = PreparedDataset(dataset)
    splits = {split: prepared.ids(split) for split in info.splits}
    ids = sorted({id for listed in splits.values() for id in listed})
    if "hha" in info.inputs:
        come = in_processes(partial(_measured, prepared), ids, workers)
        measured = list(progress(come, desc="Reading HHA", total=len(ids), unit="image"))
    elif info.camera is None or "depth" not in info.inputs:
        raise InputError(f"{dataset}: no depth in it, expected depth and its camera for HHA")
    else:
        camera = Camera(*info.camera)
        with resumable_folder(dataset / "hha", _key(info.digest, camera)) as folder:
            come = in_processes(partial(_encoded, prepared, folder, camera), ids, workers)
            measured = list(progress(come, desc="Encoding HHA", total=len(ids), unit="image"))
    if odd := mostly_odd(measured):
        log.warning("%s: %s", dataset, odd)
    stored = {one.id: one for one in measured}
    result = HHAInfo(
        images=len(ids),
        means={split: mean([stored[id] for id in listed]) for split, listed in splits.items()},
        digest=_hash(*(f"{one.id} {one.digest}" for one in measured)),
    )
    write_json(dataset / HHA_INFO, result.model_dump(mode="json"))


def save(hha: NDArray[np.uint8], path: Path) -> None:
    """Write HHA [H, W, 3] as a PNG whose channels are disparity, height and angle."""
    with atomic_write(path) as temporary:
        Image.fromarray(hha).save(temporary, "PNG", compress_level=ZLIB_LEVEL)


def _key(digest: str, camera: Camera) -> str:
    """What a stopped run's images depend on: the data, and the code that encodes them."""
    return _hash(digest, repr(camera), fingerprint(Path(__file__)))


def _encoded(prepared: PreparedDataset, folder: Path, camera: Camera, id: str) -> Stored:
    """Write an image's HHA, unless an earlier run did."""
    path = folder / f"{id}.png"
    if path.exists():
        return _of(id, np.array(Image.open(path)))
    metres = prepared.depth(id) / 1000.0
    try:
        hha = rounded(*channels(metres, prepared.missing(id), camera))
    except InputError as error:
        raise InputError(f"{prepared.root}: {id}: {error}") from None
    save(hha, path)
    return _of(id, hha, doubt(metres))


def _measured(prepared: PreparedDataset, id: str) -> Stored:
    return _of(id, prepared.hha(id))


def _of(id: str, hha: NDArray[np.uint8], odd: str = "") -> Stored:
    return Stored("hha", id, "", hha.shape, pixel_digest(hha), totals(hha), odd)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
