"""Checks of images and labels before training: the usual mistakes in users' own data."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fcnlib.config.schema_data import FolderDataset
from fcnlib.core.errors import InputError
from fcnlib.core.parallel import in_threads
from fcnlib.core.printing import printable
from fcnlib.core.progress import progress
from fcnlib.core.reading import read_bytes
from fcnlib.datasets import images
from fcnlib.datasets.checks.check_digests import check_digests
from fcnlib.datasets.checks.check_inputs import check_inputs
from fcnlib.datasets.converters.folder import Folder, image_files, read_folder
from fcnlib.datasets.findings import Finding, error_finding
from fcnlib.datasets.formats import IMAGE_SUFFIXES, MASK_SUFFIXES
from fcnlib.datasets.images import VOID
from fcnlib.datasets.mask_values import NOT_ALLOWED, Mask, MaskCode
from fcnlib.datasets.pairs import (
    ImageFacts,
    MaskFacts,
    check_images,
    check_masks,
    training_split,
)
from fcnlib.datasets.reader import INFO, DatasetInfo, read_info, read_list

VOID_OF_AN_IMAGE, VOID_OF_ALL, RARE = 0.5, 0.3, 0.001  # shares of pixels worth a warning


@dataclass(frozen=True)
class CheckResult:
    """The content of a data set, and what is wrong with it."""

    name: str
    findings: list[Finding]
    classes: tuple[str, ...] = ()
    splits: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # ID -> pixels by label, 256
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # (height, width) -> images
    folder: Folder | None = None  # where its files are; None: that is not known

    @property
    def failed(self) -> bool:
        """Whether training on it would fail or mislead."""
        return any(finding.level == "error" for finding in self.findings)

    def pixels(self, split: str | None = None) -> NDArray[np.int64]:
        """Pixels by label [256] of a split, or of all images; 255 is void."""
        ids = self.counts.keys() if split is None else self.counts.keys() & self.splits[split]
        total = np.zeros(256, np.int64)
        for id in ids:
            total += self.counts[id]
        return total

    @property
    def void_share(self) -> float:
        """The share of pixels without a class."""
        pixels = self.pixels()
        return float(pixels[VOID] / max(1, pixels.sum()))

    @property
    def training(self) -> str:
        """The split that a net would be trained on."""
        return training_split(self.splits)


@dataclass(frozen=True)
class _CheckedPair:
    """The findings of an image and its mask, and their share of the sums."""

    findings: list[Finding]
    image: ImageFacts | None = None
    mask: MaskFacts | None = None
    size: tuple[int, int] | None = None
    digest: str = ""

    @property
    def failed(self) -> bool:
        return any(finding.level == "error" for finding in self.findings)


def check(dataset: FolderDataset | Path | str, *, workers: int = 1) -> CheckResult:
    """Check a user's folder or a prepared data set, as far as its files can be read.

    The classes, counts and share of void are those of the first task.
    """
    if isinstance(dataset, FolderDataset):
        name = str(dataset.place())
        try:
            return _check_folder(read_folder(dataset), name, own=True, workers=workers)
        except InputError as error:
            return CheckResult(name, [error_finding(error, name)])
    root = Path(dataset)
    try:
        first, *others = (info := read_info(root / INFO)).tasks
        folder = _prepared_folder(root, info, first)
        result = _check_folder(folder, str(root), workers=workers)
        files = folder.images
    except InputError as error:
        return CheckResult(str(root), [error_finding(error, root)])
    known = set(result.findings)
    for task in others:
        labels = root / "labels" / task
        try:
            other = _check_folder(_prepared_folder(root, info, task), str(labels), workers=workers)
            result.findings.extend(each for each in other.findings if each not in known)
        except InputError as error:
            result.findings.append(error_finding(error, labels))
    result.findings.extend(check_inputs(root, info, files, workers=workers))
    named = {each.file for each in result.findings if each.level == "error"}
    changed = check_digests(root, info, workers=workers)
    result.findings.extend(each for each in changed if each.file not in named)
    return result


def _check_folder(folder: Folder, name: str, *, own: bool = False, workers: int) -> CheckResult:
    """The check of images and the masks of one task."""
    ids = sorted(folder.listed_ids() & folder.images.keys() & folder.masks.keys())
    check_one = partial(_check_pair, folder, own)
    results = in_threads(check_one, ids, workers)
    bar = progress(results, desc="checking", total=len(ids), unit="image")
    pairs = dict(zip(ids, bar, strict=True))
    masks = {id: pair.mask for id, pair in pairs.items() if pair.mask is not None}
    result = CheckResult(
        name,
        folder.missing(),
        folder.classes,
        folder.splits,
        {id: mask.counts for id, mask in masks.items()},
        Counter(pair.size for pair in pairs.values() if pair.size is not None),
        folder,
    )
    for pair in pairs.values():
        result.findings.extend(pair.findings)
    for place, others in folder.left_out.items():
        result.findings.append(Finding("info", str(place), others, "files left out"))
    sound = {id: mask for id, mask in masks.items() if not pairs[id].failed}
    result.findings.extend(check_masks(name, folder.classes, folder.splits, sound))
    result.findings.extend(
        check_images(name, [pair.image for pair in pairs.values() if pair.image])
    )
    result.findings.extend(_check_totals(result))
    result.findings.extend(_overlaps(folder))
    result.findings.extend(_duplicates(folder, {id: pair.digest for id, pair in pairs.items()}))
    return result


def _prepared_folder(root: Path, info: DatasetInfo, task: str) -> Folder:
    lists = {name: root / "splits" / f"{name}.txt" for name in info.splits}
    return Folder(
        MaskCode.of_labels(info.tasks[task]),
        image_files(root / "images", IMAGE_SUFFIXES),
        image_files(root / "labels" / task, MASK_SUFFIXES),
        {name: read_list(path) for name, path in lists.items()},
        lists,
        mask="mask" if len(info.tasks) == 1 else f"{task} mask",
    )


def _check_pair(folder: Folder, own: bool, id: str) -> _CheckedPair:
    """Read an image and its mask; for `own` images the orientation tag is applied."""
    path, mask_path = folder.images[id], folder.masks[id]
    findings, digest, size, facts = [], "", None, None
    try:
        content = read_bytes(path)
        digest = hashlib.sha256(content).hexdigest()
        image = images.read_image(content, path)
        is_turned = own and images.orientation(image) >= 5
        size = (image.width, image.height) if is_turned else (image.height, image.width)
        facts = ImageFacts.of(image, images.to_rgb(image, path), path) if own else None
    except InputError as error:
        findings.append(error_finding(error, path))
    try:
        mask = folder.code.read(mask_path)
    except InputError as error:
        findings.append(error_finding(error, mask_path))
        return _CheckedPair(findings, facts, None, size, digest)
    shape = mask.labels.shape
    if size is not None and shape != size:
        value = f"{shape[1]} x {shape[0]}, {path.name} is {size[1]} x {size[0]}"
        message = "mask of another size than its image"
        if shape == size[::-1]:
            message += "; one of the two lies on its side (orientation tags are applied)"
        findings.append(Finding("error", str(mask_path), value, message))
    counts, wrong = _count(mask)
    if wrong:
        message = f"values outside the classes 0..{len(folder.classes) - 1} and void"
        if mask.has_colours or not folder.code.counts_from_0:
            message = f"values without a class; expected {folder.code.expected(mask)}"
        findings.append(Finding("error", str(mask_path), _some(wrong), message))
    if folder.code.assumes_void and mask.has_indices:
        pixels = int((mask.values == VOID).sum())
        message = f"{VOID} always counts as void; list it under void if that is meant"
        value = f"{VOID} ({pixels} pixels)"
        findings += [Finding("warning", str(mask_path), value, message)] if pixels else []
    if (share := counts[VOID] / mask.labels.size) > VOID_OF_AN_IMAGE:
        findings.append(Finding("warning", str(mask_path), f"{share:.0%}", "mostly void"))
    return _CheckedPair(findings, facts, MaskFacts.of(mask, counts, mask_path), size, digest)


def _count(mask: Mask) -> tuple[NDArray[np.int64], list[str]]:
    """Pixels by label [256], and the values without a label."""
    counts = np.bincount(mask.labels.ravel(), minlength=256)
    if len(counts) == 256:
        return counts, []
    values, pixels = np.unique(mask.values[mask.labels == NOT_ALLOWED], return_counts=True)
    found = [mask.written(value) for value in values.tolist()]
    if mask.has_colours:
        found = [f"{text} first at {mask.place(v)}" for text, v in zip(found, values, strict=True)]
    told = [f"{text} ({n} pixels)" for text, n in zip(found, pixels, strict=True)]
    return counts[:256], told


def _check_totals(result: CheckResult) -> Iterator[Finding]:
    """Findings of all images together: much void, classes that are missing or rare."""
    pixels = result.pixels()
    if (share := result.void_share) > VOID_OF_ALL:
        yield Finding("warning", result.name, f"{share:.0%}", "much of all labels is void")
    if not pixels[:VOID].any():  # nothing could be read, which is told already
        return
    split = result.training
    trained = result.pixels(split)[:VOID]
    for index, name in enumerate(result.classes):
        value = f"{index} ({name})"
        if not trained[index]:
            where = "of any image" if not pixels[index] else f"of split {split}"
            message = f"class on no pixel {where}"
            yield Finding("warning", result.name, value, message)
        elif (share := trained[index] / trained.sum()) < RARE:
            message = f"class on less than {RARE:.1%} of split {split}"
            yield Finding("warning", result.name, f"{value}: {share:.3%}", message)


def _overlaps(folder: Folder) -> Iterator[Finding]:
    for name, ids in folder.splits.items():
        twice = [id for id, count in Counter(ids).items() if count > 1]
        if twice:
            yield Finding("error", str(folder.lists[name]), _some(twice), "ID listed twice")
    for (one, ids), (other, others) in combinations(folder.splits.items(), 2):
        both = sorted(set(ids) & set(others))
        if not both:
            continue
        # A list such as trainval contains others on purpose; train should not.
        larger = one if len(ids) > len(others) else other
        nested = len(both) == min(len(ids), len(others)) < max(len(ids), len(others))
        level: Literal["info", "warning"] = "info" if nested and larger != "train" else "warning"
        yield Finding(level, f"splits {one} and {other}", _some(both), "the same ID in both")


def _duplicates(folder: Folder, digests: dict[str, str]) -> Iterator[Finding]:
    same: dict[str, list[str]] = {}
    for id, digest in digests.items():
        if digest:
            same.setdefault(digest, []).append(id)
    for ids in same.values():
        if len(ids) == 1:
            continue
        splits = {name for name, listed in folder.splits.items() if not set(ids).isdisjoint(listed)}
        file = str(folder.images[ids[0]])
        if len(splits) > 1:
            message = f"the same image under other names, in splits {' and '.join(sorted(splits))}"
            yield Finding("warning", file, _some(ids[1:]), message)
        else:
            yield Finding("info", file, _some(ids[1:]), "the same image under other names")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def report(result: CheckResult, *, width: int = 40, lines: int = 5) -> str:
    """The check as text: a histogram of the classes, then the findings, `lines` of each kind."""
    text = []
    if result.counts:
        sizes = [f"{w} x {h} ({n})" for (h, w), n in result.sizes.most_common(3)]
        more = f" and {len(result.sizes) - 3} more" if len(result.sizes) > 3 else ""
        splits = ", ".join(f"{name} {len(ids)}" for name, ids in result.splits.items())
        text += [
            f"{result.name}: {len(result.counts)} images ({splits})",
            f"sizes: {', '.join(sizes)}{more}; void: {result.void_share:.1%} of all pixels",
            "",
            *_histogram(result, width),
            "",
        ]
    text += _list_findings(result.findings, lines)
    levels = Counter(finding.level for finding in result.findings)
    text.append(f"{levels['error']} errors, {levels['warning']} warnings")
    return "\n".join(map(printable, text))


def _list_findings(findings: Sequence[Finding], lines: int) -> list[str]:
    """The findings by level and message, at most `lines` of each."""
    by_message: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_message.setdefault((finding.level, finding.message), []).append(finding)
    text = []
    for wanted in ("error", "warning", "info"):
        for (level, message), found in by_message.items():
            if level != wanted:
                continue
            text.append(f"{level}: {message}")
            for finding in found[:lines]:
                value = f": {finding.value}" if finding.value else ""
                text.append(f"  {finding.file}{value}")
            if len(found) > lines:
                text.append(f"  and {len(found) - lines} more")
    return text


def _histogram(result: CheckResult, width: int) -> list[str]:
    pixels = result.pixels(result.training)[: len(result.classes)]
    shares = pixels / max(1, pixels.sum())
    name_width = max(len(name) for name in result.classes)
    lines = [f"share of the labelled pixels of split {result.training}:"]
    for index, (name, share) in enumerate(zip(result.classes, shares, strict=True)):
        bar = "#" * round(width * share / max(shares.max(), 1e-9))
        lines.append(f"{index:4} {name:{name_width}} {share:7.2%} {bar}".rstrip())
    return lines
