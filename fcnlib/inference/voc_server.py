"""The archive that PASCAL's evaluation server scores: a net's labels of VOC's test images."""

import gzip
import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from fcnlib.archives.members import members
from fcnlib.core.errors import InputError, attempt, raise_all
from fcnlib.core.files import atomic_write
from fcnlib.core.parallel import in_threads
from fcnlib.core.precision import Precision
from fcnlib.core.progress import progress
from fcnlib.datasets import images
from fcnlib.datasets.converters.voc import CLASSES
from fcnlib.datasets.images import label_png, voc_palette
from fcnlib.datasets.reader import check_sizes, first_and_more
from fcnlib.inference.model import Model, load_model
from fcnlib.inference.model_info import warn_of_training_images

ARCHIVE_SUFFIXES = (".tgz", ".tar.gz")
SUBMISSION_MEMBER = re.compile(r"results/VOC\d+/Segmentation/comp6_test_cls/[^/]+\.png")
LIST = "ImageSets/Segmentation/test.txt"
Sizes = Mapping[str, tuple[int, ...]]  # ID -> height, width


class DecodedImage(NamedTuple):
    """A test image as RGB [H, W, 3]."""

    id: str
    pixels: NDArray[np.uint8]


class LabelFile(NamedTuple):
    """The content of an image's label file."""

    id: str
    size: tuple[int, ...]  # of the image
    png: bytes


def submit(
    source: Path,
    *,
    model: Path,
    out: Path,
    year: int = 2012,
    device: str = "cpu",
    precision: Precision = "fp32",
    workers: int = 2,
    trust: bool = False,
) -> int:
    """Label VOC's test images and pack the labels for the server; returns how many.

    The archive appears only when it holds one label of the right size, palette and values for each
    ID of the list.

    Args:
        source: VOC2012test.tar, or its unpacked VOCdevkit folder.
        model: A model that sees RGB and knows VOC's classes.
        out: The archive to write.
        year: Of the challenge; it names the folder inside.
        device: Where to compute: cpu, cuda, cuda:1, ...
        precision: Of computing.
        workers: Threads that read, and as many that encode, beside computing.
        trust: Whether a TorchScript file of another origin may be loaded, which runs its code.
    """
    if not out.name.endswith(ARCHIVE_SUFFIXES):
        raise InputError(f"{out}: expected a name with {' or '.join(ARCHIVE_SUFFIXES)}")
    _check_out(out, read=(source, model))
    net = load_model(model, device=device, precision=precision, trust=trust)
    _check_model(net)
    warn_of_training_images(model, net.info.provenance)
    ids = read_ids(source, year)
    with atomic_write(out) as temporary:
        temporary.touch()  # before hours of work
        decode = partial(attempt, partial(_decoded, source))
        decoded = in_threads(decode, _image_files(source, year, ids), workers)
        failed: list[InputError] = []
        files = in_threads(_encoded, _labelled_unless(failed, net, decoded, source), workers)
        found = {f.id: f for f in progress(files, desc="labelling", total=len(ids), unit="img")}
        raise_all(failed, f"of {len(ids)} images cannot be labelled: {out} needs all of them")
        if missing := [id for id in ids if id not in found]:
            which = first_and_more(missing)
            raise InputError(f"{source}: no image of {which}, which {LIST} lists")
        sizes = {id: found[id].size for id in ids}
        _pack(temporary, {member(id, year): found[id].png for id in ids})
        check_submission(temporary, sizes, year=year, name=out)
    return len(ids)


def member(id: str, year: int) -> str:
    """The name of a label in the archive: comp6 is for nets trained on other labels too."""
    return f"results/VOC{year}/Segmentation/comp6_test_cls/{id}.png"


def read_ids(source: Path, year: int) -> list[str]:
    """The IDs of the segmentation test list, each once."""
    if source.is_dir():
        path = _root(source, year) / LIST
        found = [path.read_bytes()] if path.is_file() else []
    else:
        wanted = re.compile(rf"(?:.*/)?VOC{year}/{re.escape(LIST)}")
        found = [content for _, content in members(source, wanted)]
    if not found:
        raise InputError(
            f"{source}: no VOC{year}/{LIST} in it; expected VOC{year}test.tar or its VOCdevkit"
        )
    ids = found[0].decode("utf-8", "replace").split()
    if not ids:
        raise InputError(f"{source}: {LIST} is empty; expected one ID a line")
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise InputError(f"{source}: {LIST} lists {first_and_more(twice)} twice")
    return ids


def _root(folder: Path, year: int) -> Path:
    """Where VOC's folders lie in an unpacked archive."""
    name = f"VOC{year}"
    places = [folder / name, folder / "VOCdevkit" / name]
    places += [folder] if folder.resolve().name == name else []
    return next((place for place in places if place.is_dir()), folder / name)


def _image_files(source: Path, year: int, ids: list[str]) -> Iterator[tuple[str, Path | bytes]]:
    """Each listed image's ID and file or content, as far as there is one."""
    if source.is_dir():
        folder = _root(source, year) / "JPEGImages"
        paths = ((id, folder / f"{id}.jpg") for id in ids)
        yield from ((id, path) for id, path in paths if path.is_file())
        return
    names = "|".join(map(re.escape, ids))
    wanted = re.compile(rf"(?:.*/)?VOC{year}/JPEGImages/({names})\.jpg")
    yield from ((match[1], content) for match, content in members(source, wanted))


def _decoded(source: Path, item: tuple[str, Path | bytes]) -> DecodedImage:
    name = f"{source}: {item[0]}.jpg"
    # As stored: the server's labels know nothing of a camera's orientation.
    return DecodedImage(item[0], images.to_rgb(images.read_image(item[1], name), name))


def _labelled_unless(
    failed: list[InputError],
    net: Model,
    images: Iterator[DecodedImage | InputError],
    source: Path,
) -> Iterator[tuple[DecodedImage, NDArray[np.uint8]]]:
    """The images with their labels; once one has failed, the others are only read, to name all."""
    for image in images:
        if isinstance(image, InputError):
            failed.append(image)
        elif not failed:
            labelled = attempt(partial(_labelled, net, source), image)
            if isinstance(labelled, InputError):
                failed.append(labelled)
            else:
                yield labelled


def _labelled(
    net: Model, source: Path, image: DecodedImage
) -> tuple[DecodedImage, NDArray[np.uint8]]:
    batch = torch.from_numpy(image.pixels).permute(2, 0, 1)[None]  # [1, 3, H, W]
    try:
        (labels,) = net.labels(batch).values()
    except InputError as error:
        raise InputError(f"{source}: {image.id}.jpg: {error}") from None
    return image, labels[0].cpu().numpy()


def _encoded(item: tuple[DecodedImage, NDArray[np.uint8]]) -> LabelFile:
    image, labels = item
    return LabelFile(image.id, image.pixels.shape, label_png(labels, voc_palette()))


def _check_out(out: Path, *, read: Sequence[Path]) -> None:
    """Raise unless `out` is a file to write: a new one, or an earlier submission."""
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected a file name such as results.tgz")
    if not out.exists():
        return
    if any(path.exists() and out.samefile(path) for path in read):
        raise InputError(f"{out}: is read; expected another place to write to")
    try:
        found = [
            SUBMISSION_MEMBER.fullmatch(match[0]) for match, _ in members(out, re.compile(".+"))
        ]
    except InputError:
        found = []
    if not found or None in found:
        raise InputError(f"{out}: is there, and no submission; expected another name")


def _check_model(model: Model) -> None:
    """Raise unless the model sees RGB and names VOC's classes in VOC's order."""
    inputs, tasks = model.info.inputs, model.info.classes
    if inputs != ("rgb",):
        sees = f"sees {', '.join(inputs)}" if inputs else "its metadata lack inputs"
        raise InputError(
            f"{model.path}: {sees}; expected a model, exported anew, that sees rgb alone"
        )
    if len(tasks) != 1 or tuple(*tasks.values()) != CLASSES:
        found = "; ".join(f"{len(names)} of task {task}" for task, names in tasks.items())
        raise InputError(f"{model.path}: has classes {found}; expected VOC's {len(CLASSES)} alone")


def _check_labels(labels: Mapping[str, bytes], sizes: Sizes, name: Path) -> None:
    """Raise unless each is a palette PNG of its image's size, of classes alone."""
    for id, content in labels.items():
        place = f"{name}: {id}.png"
        image = images.read_image(content, place)
        if (image.format, image.mode) != ("PNG", "P"):
            found = f"{image.format} of mode {image.mode}"
            raise InputError(f"{place}: is a {found}; expected an 8-bit palette PNG")
        label = np.asarray(image)
        check_sizes(sizes[id], f"{id}.jpg", label.shape, place)
        if (worst := int(label.max())) >= len(CLASSES):
            raise InputError(f"{place}: value {worst}; expected 0..{len(CLASSES) - 1}, not void")


def check_submission(
    path: Path, sizes: Sizes, *, year: int = 2012, name: Path | None = None
) -> None:
    """Raise unless an archive holds, for each image, one label that the server accepts.

    `sizes` are the images' heights and widths by ID, `name` what the archive is to be called.
    """
    name = name or path
    ids = {member(id, year): id for id in sizes}
    found: dict[str, bytes] = {}
    for match, content in members(path, re.compile(".+")):
        if match[0] not in ids:
            example = next(iter(ids), "")
            raise InputError(f"{name}: {match[0]}: not of the list; expected such as {example}")
        if ids[match[0]] in found:
            raise InputError(f"{name}: {match[0]}: there twice")
        found[ids[match[0]]] = content
    if missing := [id for id in sizes if id not in found]:
        raise InputError(f"{name}: no label of {first_and_more(missing)}")
    _check_labels(found, sizes, name)


def _pack(path: Path, content: Mapping[str, bytes]) -> None:
    """Write a compressed tar whose bytes depend on nothing but names and content."""
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
