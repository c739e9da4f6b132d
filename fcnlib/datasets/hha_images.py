"""HHA of all images of a prepared data set, which nets then read like photographs."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnlib.datasets.prepared import HHA_INFO, INFO, HHAInfo, Prepared, read_info
from fcnlib.errors import InputError
from fcnlib.files import replacing, resumable_folder, write_json
from fcnlib.hha import Camera, channels, doubt, rounded
from fcnlib.parallel import in_processes
from fcnlib.progress import progress
from fcnlib.provenance import fingerprint

log = logging.getLogger(__name__)

ZLIB_LEVEL = 3  # files a tenth larger than by its usual 6, in a third of the time


@dataclass(frozen=True)
class Measured:
    """What is remembered of an image's HHA."""

    id: str
    pixels: int
    total: NDArray[np.int64]  # [3]
    digest: str
    doubt: str = ""


def prepare_hha(dataset: Path, *, workers: int = 1) -> None:
    """Write `hha/ID.png` and then `hha.json` into a prepared data set.

    A stopped run goes on behind the images that it wrote. HHA that came with the data set stays.
    """
    info = read_info(dataset / INFO)
    (dataset / HHA_INFO).unlink(missing_ok=True)  # until all images are there
    prepared = Prepared(dataset)
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
    _warn(dataset, measured)
    stored = {one.id: one for one in measured}
    result = HHAInfo(
        images=len(ids),
        means={split: _mean([stored[id] for id in listed]) for split, listed in splits.items()},
        digest=_hash(*(f"{one.id} {one.digest}" for one in measured)),
    )
    write_json(dataset / HHA_INFO, result.model_dump(mode="json"))


def save(hha: NDArray[np.uint8], path: Path) -> None:
    """Write HHA [H, W, 3] as a PNG whose channels are disparity, height and angle."""
    with replacing(path) as temporary:
        Image.fromarray(hha).save(temporary, "PNG", compress_level=ZLIB_LEVEL)


def _key(digest: str, camera: Camera) -> str:
    """What a stopped run's images depend on: the data, and the code that encodes them."""
    return _hash(digest, repr(camera), fingerprint(Path(__file__)))


def _encoded(prepared: Prepared, folder: Path, camera: Camera, id: str) -> Measured:
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


def _measured(prepared: Prepared, id: str) -> Measured:
    return _of(id, prepared.hha(id))


def _of(id: str, hha: NDArray[np.uint8], odd: str = "") -> Measured:
    height, width = hha.shape[:2]
    total = hha.sum(axis=(0, 1), dtype=np.int64)
    digest = hashlib.sha256(repr(hha.shape).encode() + hha.tobytes()).hexdigest()
    return Measured(id, height * width, total, digest, odd)


def _warn(dataset: Path, measured: Sequence[Measured]) -> None:
    """Say once if most depths are odd: single ones may well be."""
    odd = [one for one in measured if one.doubt]
    if 2 * len(odd) > len(measured):
        log.warning(
            "%s: %d of %d images like %s: %s",
            dataset,
            len(odd),
            len(measured),
            odd[0].id,
            odd[0].doubt,
        )


def _mean(measured: Sequence[Measured]) -> tuple[float, float, float]:
    total = np.sum([one.total for one in measured], axis=0)
    disparity, height, angle = (total / sum(one.pixels for one in measured)).tolist()
    return disparity, height, angle


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
