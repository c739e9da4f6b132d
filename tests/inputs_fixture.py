"""A small prepared data set with colours, depth, HHA and two tasks."""

from pathlib import Path

import numpy as np
from archives_fixture import png
from numpy.typing import NDArray

from fcnlib.datasets.prepared import HHA_INFO, HHAInfo, Prepared
from fcnlib.datasets.preparing import preparing

TASKS = {"semantic": ("background", "box", "ball"), "geometric": ("flat", "steep")}
SIZE = (32, 40)  # height, width


def room(chance: np.random.Generator) -> tuple[NDArray[np.uint8], ...]:
    """Semantic and geometric labels, each with void of its own, of a box and a ball on a wall."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    top, left = chance.integers(2, 14, 2)
    semantic = np.zeros(SIZE, np.uint8)
    semantic[top : top + 12, left : left + 10] = 1
    semantic[(rows - 20) ** 2 + (columns - left - 20) ** 2 < 60] = 2
    geometric = (rows < 16).astype(np.uint8)
    semantic[:2], geometric[:, -3:] = 255, 255
    return semantic, geometric


def write_rooms(folder: Path, *, train: int = 8, test: int = 4) -> Prepared:
    """Such a data set; every label shows in each of the inputs."""
    chance = np.random.default_rng(0)
    with preparing(folder, tasks=TASKS) as draft:
        hha = []
        for i in range(train + test):
            semantic, geometric = room(chance)
            noise = chance.integers(0, 30, (*SIZE, 3))
            kind = semantic.astype(int) % 255
            shown = 60 * kind + 40 * (geometric % 255)
            draft.add_image(f"{i}", png((shown[..., None] + noise).astype(np.uint8)), f"{i}")
            depth = (1500 + 700 * kind + 10 * noise[..., 0]).astype(np.uint16)
            draft.add_depth(f"{i}", depth, None, f"{i}")
            hha.append((90 - 30 * kind[..., None] + noise).astype(np.uint8))
            draft.add_hha(f"{i}", png(hha[-1]), f"{i}")
            draft.add_label(f"{i}", semantic, f"{i}", "semantic")
            draft.add_label(f"{i}", geometric, f"{i}", "geometric")
        draft.add_split("train", map(str, range(train)))
        draft.add_split("test", map(str, range(train, train + test)))
    means = {"train": np.mean(hha[:train], (0, 1, 2)), "test": np.mean(hha[train:], (0, 1, 2))}
    told = HHAInfo(
        images=train + test,
        means={split: tuple(mean.tolist()) for split, mean in means.items()},
        digest="of hha",
    )
    (folder / HHA_INFO).write_text(told.model_dump_json())
    return Prepared(folder)
