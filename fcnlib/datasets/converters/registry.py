"""The converters by name, and the function that prepares a data set with them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from fcnlib.archives.catalogue import ARCHIVES
from fcnlib.config.schema_data import ArchiveDataset, Dataset, FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.core.reading import open_regular
from fcnlib.datasets.converters.folder import convert_folder
from fcnlib.datasets.converters.nyudv2 import convert_nyudv2
from fcnlib.datasets.converters.nyudv2_release import convert_nyudv2_release
from fcnlib.datasets.converters.pascal_context import convert_context
from fcnlib.datasets.converters.siftflow import convert_siftflow
from fcnlib.datasets.converters.voc import convert_voc, convert_voc_sbd

# name -> function(data set, archives, out, workers=)
CONVERTERS: dict[str, Callable[..., None]] = {
    "voc": convert_voc,
    "voc-sbd": convert_voc_sbd,
    "nyudv2": convert_nyudv2,
    "nyudv2-release": convert_nyudv2_release,
    "siftflow": convert_siftflow,
    "pascal-context": convert_context,
    "folder": convert_folder,
}


def prepare(
    dataset: ArchiveDataset | FolderDataset | Mapping[str, Any],
    archives: Sequence[Path | str],
    out: Path | str,
    *,
    workers: int = 1,
) -> None:
    """Convert a data set into the prepared folder `out`.

    Args:
        dataset: Its entry in the configuration, validated or not.
        archives: Paths of its archives, in the order of the entry; not read for a user's folder.
        out: The folder; it may hold an earlier prepared data set, but nothing else.
        workers: Number of threads or processes.
    """
    if isinstance(dataset, Mapping):
        dataset = TypeAdapter[ArchiveDataset | FolderDataset](Dataset).validate_python(dataset)
    # A folder's images and lists are inputs in the workflow, and are found by its entry.
    paths = [Path(path) for path in archives] if isinstance(dataset, ArchiveDataset) else []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file{_advice(path)}")
        open_regular(path).close()
    if dataset.converter not in CONVERTERS:
        raise InputError(
            f"{out}: converter {dataset.converter!r} is not in CONVERTERS of "
            "fcnlib/datasets/converters/registry.py; expected its function"
        )
    convert = CONVERTERS[dataset.converter]
    convert(dataset, paths, Path(out), workers=workers)


def _advice(archive: Path) -> str:
    """How to get a published archive, to follow a message."""
    if archive.name not in ARCHIVES:
        return ""
    source = "" if ARCHIVES[archive.name].urls else " --from DIR"
    return f"; fetch it with: fcn fetch {archive.name} --out {archive.parent}{source}"
