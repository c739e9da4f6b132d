"""Small data sets with depth and HHA, with two tasks and with many classes; nets that see them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from fcnlib.colour import Labels
from fcnlib.datasets.images import encoded
from fcnlib.datasets.prepared import HHA_INFO, HHAInfo, Prepared
from fcnlib.datasets.preparing import preparing
from fcnlib.metrics import confusion

SIZE = (24, 32)  # height, width
ROOM = ("wall", "floor", "bed", "night-stand", "refridgerator")
PLACES = {"semantic": ("sky", "sea", "building", "tree"), "geometric": ("sky", "ground", "upright")}


class ByChannel(nn.Module):
    """Labels a pixel by one channel of what it sees: a step further for every `step`."""

    def __init__(self, channel: int, step: int, classes: int) -> None:
        super().__init__()
        self.channel, self.step, self.classes = channel, step, classes

    def forward(self, seen: Tensor) -> Tensor:
        return (seen[:, self.channel] // self.step).clamp(0, self.classes - 1).to(torch.uint8)


class TwoByRed(nn.Module):
    """The same of two tasks: by red, and whether there is any."""

    def forward(self, seen: Tensor) -> dict[str, Tensor]:
        step = seen[:, 0] // 60
        return {
            "semantic": step.clamp(0, 3).to(torch.uint8),
            "geometric": step.clamp(0, 2).to(torch.uint8),
        }


def stairs(index: int, classes: int) -> Labels:
    """Stripes of all classes, the first `index` columns and the last row void."""
    label = np.tile(np.arange(SIZE[1]) * classes // SIZE[1], (SIZE[0], 1)).astype(np.uint8)
    label[:, :index] = 255
    label[-1] = 255
    return label


def write_room(folder: Path, images: int = 4) -> Path:
    """Depth in metres tells the class, and so does the first channel of HHA; colours do not."""
    names = [f"room_{index}" for index in range(images)]
    with preparing(folder, tasks={"semantic": ROOM}) as draft:
        for index, name in enumerate(names):
            label = stairs(index, len(ROOM))
            known = np.where(label == 255, 0, label)
            pixels = np.random.default_rng(index).integers(90, 160, (*SIZE, 3), np.uint8)
            draft.add_image(name, encoded(Image.fromarray(pixels)), name)
            depth = (1000 * known.astype(int) + 900 - 10 * index).astype(np.uint16)
            missing = np.zeros(SIZE, bool)
            missing[:8, -8:] = True
            draft.add_depth(name, depth, missing, name)
            draft.add_label(name, label, name)
        draft.add_split("test", names)
    write_hha(folder)
    return folder


def write_hha(folder: Path) -> None:
    """HHA beside a data set's depth: disparity made up, height and angle constant."""
    prepared = Prepared(folder)
    (folder / "hha").mkdir()
    for name in prepared.ids("test"):
        hha = np.full((*SIZE, 3), 120, np.uint8)
        hha[..., 0] = prepared.depth(name) // 20
        (folder / f"hha/{name}.png").write_bytes(encoded(Image.fromarray(hha)))
    info = HHAInfo(images=4, means={"test": (1.0, 2.0, 3.0)}, digest="0")
    (folder / HHA_INFO).write_text(info.model_dump_json())


def write_places(folder: Path, images: int = 4) -> Path:
    """Red tells the classes of two tasks."""
    names = [f"place_{index}" for index in range(images)]
    palette = {"semantic": [(70, 130, 180), (0, 0, 160), (128, 64, 0), (34, 139, 34)],
               "geometric": [(135, 206, 235), (160, 160, 60), (150, 60, 60)]}  # fmt: skip
    with preparing(folder, tasks=PLACES, palette=palette) as draft:
        for index, name in enumerate(names):
            label = stairs(index, 4)
            pixels = np.full((*SIZE, 3), 100, np.uint8)
            pixels[..., 0] = 60 * np.where(label == 255, 0, label) + 5
            draft.add_image(name, encoded(Image.fromarray(pixels)), name)
            draft.add_label(name, label, name, task="semantic")
            rough = np.where(label == 255, 255, np.minimum(label, 2)).astype(np.uint8)
            draft.add_label(name, rough, name, task="geometric")
        draft.add_split("test", names)
    return folder


def write_model(
    path: Path, net: nn.Module, *, inputs: Sequence[str], classes: dict[str, Sequence[str]]
) -> Path:
    """A model file such as the export writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {"classes": classes, "inputs": inputs, "palette": {}}
    extra = {"about.json": json.dumps(about)}
    torch.jit.save(torch.jit.script(net), str(path), _extra_files=extra)
    return path


def write_counts(path: Path, dataset: Path, wrong: Sequence[int], tasks: Sequence[str]) -> Path:
    """Counts of labels of which the first so many columns of each image are class 0."""
    prepared = Prepared(dataset)
    ids = prepared.ids("test")
    arrays = {}
    for task in tasks:
        counts = []
        for name, columns in zip(ids, wrong, strict=True):
            truth = prepared.label(name, task)
            said = np.where(truth == 255, 0, truth)
            said[:, :columns] = 0
            counts.append(confusion(said, truth, len(prepared.info.tasks[task])).numpy())
        arrays[task] = np.stack(counts)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, ids=np.array(ids), **arrays)
    return path
