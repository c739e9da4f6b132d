"""Bad inputs of a training: its saved state, its splits, and the machine that it runs on."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from fixtures.archives import png
from fixtures.hostile import Kind
from fixtures.hostile_archives import flipped
from fixtures.training import make_trainer, stops_at

from fcnlib.config.load import read_config
from fcnlib.core.stopping import Stopped
from fcnlib.datasets.reader import PreparedDataset
from fcnlib.datasets.writer import dataset_writer
from fcnlib.training.trainer import Trainer

RESUME = Path("results/demo/checkpoints/own-32s/0.pt.resume")
RUNNING = RESUME.with_suffix(".running.csv")
REPOSITORY = Path(__file__).parents[2]
NET = {"backbone": "vgg16", "predict_from": ["fc7"], "start_from": "random"}
RECIPE = {"name": "heavy", "reduction": "mean", "learning_rate": 1e-5}


def own_config(**recipe: Any) -> dict[str, Any]:
    """One training of the project's configuration, on images of one's own."""
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
    del config["studies"]
    config["scales"]["demo"]["net"] |= {"width": 1 / 32}
    config["datasets"] = {"own": {"converter": "folder", "path": "own", "splits": {}}}
    config["tables"] = {"own": {"title": "Own", "columns": ["mean_iu"]}}
    config["figures"] = {"own": {"title": "Own", "experiments": ["own-32s"], "images": 1}}
    config["experiments"] = {
        "own-32s": {
            "row": "FCN-32s",
            "tables": ["own"],
            "data": {"dataset": "own", "train": "train", "test": "val"},
            "net": NET,
            "recipe": {**RECIPE, "iterations": 8, "validate_every": 2, **recipe},
        }
    }
    return config


def write_own(
    folder: Path, *, void: str = "", size: tuple[int, int] = (32, 40), **recipe: Any
) -> list[object]:
    """A prepared data set, of which a split may be void everywhere, and the arguments to train."""
    rng = np.random.default_rng(0)
    (folder / "own.yaml").write_text(yaml.safe_dump(own_config(**recipe)), "utf-8")
    with dataset_writer(
        folder / "data/demo/own", tasks={"semantic": ["ground", "thing"]}
    ) as writer:
        for split, ids in {"train": "abcd", "val": "ef"}.items():
            for id in ids:
                writer.add_image(id, png(rng.integers(0, 256, (*size, 3), np.uint8)), id)
                label = rng.integers(0, 2, size).astype(np.uint8)
                writer.add_label(id, np.full_like(label, 255) if split == void else label, id)
            writer.add_split(split, ids)
    return ["train", "own-32s", "-c", "own.yaml"]


def write_stopped(folder: Path) -> list[object]:
    """A training that was stopped at its fifth iteration of eight, and how it is continued."""
    arguments = write_own(folder)
    config = read_config([folder / "own.yaml"]).training("own-32s")
    with torch.random.fork_rng(), pytest.raises(Stopped):
        torch.manual_seed(0)
        data = PreparedDataset(folder / "data/demo/own")
        trainer = make_trainer(data, config, trainer=stops_at(5))
        trainer.fit(folder / RESUME.with_suffix(""), folder / "unused.csv", resume=False)
    return arguments


def damaged(change: Callable[[bytes], bytes]) -> Callable[[Path], list[object]]:
    """Makes a saved state whose bytes are changed."""

    def make(folder: Path) -> list[object]:
        arguments = write_stopped(folder)
        content = (folder / RESUME).read_bytes()
        (folder / RESUME).write_bytes(change(content))
        return arguments

    return make


def other(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], list[object]]:
    """Makes a saved state that is whole and has other values."""

    def make(folder: Path) -> list[object]:
        arguments = write_stopped(folder)
        content = torch.load(folder / RESUME, weights_only=True)
        changed = change(content)
        torch.save(content if changed is None else changed, folder / RESUME)
        return arguments

    return make


def flip(at: float) -> Callable[[bytes], bytes]:
    """Flips a bit, so far into the file."""
    return lambda content: flipped(content, int(at * len(content)))


def setting(path: str, value: object) -> Callable[[Path], list[object]]:
    """Makes a saved state with another value at a path such as `training_state/iteration`."""

    def change(content: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        place: Any = content
        for name in parents:
            place = place[int(name) if isinstance(place, list) else name]
        place[int(last) if isinstance(place, list) else last] = value

    return other(change)


def beside(content: bytes) -> Callable[[Path], list[object]]:
    """Makes a training that was stopped, with this as its running curve."""

    def make(folder: Path) -> list[object]:
        arguments = write_stopped(folder)
        (folder / RUNNING).write_bytes(content)
        return arguments

    return make


def instead(make_other: Callable[[Path], object]) -> Callable[[Path], list[object]]:
    """Makes something else under a saved state's name."""

    def make(folder: Path) -> list[object]:
        arguments = write_stopped(folder)
        (folder / RESUME).unlink()
        make_other(folder / RESUME)
        return arguments

    return make


def of_another_training(folder: Path) -> list[object]:
    """The saved state of a training at another rate; one of a third was set aside before."""
    arguments = write_stopped(folder)
    (folder / f"{RESUME}.other").write_text("a third", "utf-8")
    (folder / "own.yaml").write_text(yaml.safe_dump(own_config(learning_rate=2e-5)), "utf-8")
    return arguments


def twice_damaged(folder: Path) -> list[object]:
    """A damaged state where one was set aside before, in a folder as `cp -r` makes it."""
    (folder / f"{RESUME}.damaged").mkdir(parents=True)
    (folder / f"{RESUME}.damaged/mine").write_text("mine", "utf-8")
    return damaged(flip(0.2))(folder)


def with_folder(name: str) -> Callable[[Path], list[object]]:
    """Makes a folder under the name of a file that a training ends with."""

    def make(folder: Path) -> list[object]:
        arguments = write_own(folder)
        (folder / name / "mine").mkdir(parents=True)
        return arguments

    return make


HEADER = "iteration,images,seconds,loss_per_pixel,images_per_second,mean_iu,iterations,time"
LINE = "1,1,0.5,2.5,2,,8,2026-01-01T00:00:00+00:00"
ENDLESS = LINE.replace("2.5,2", "2.5,inf")
NEW_START = r"0\.pt\.resume: .*; set aside as 0\.pt\.resume\.damaged, starting anew"
STATES = {
    "an empty saved state": damaged(lambda _: b""),
    "a saved state cut in the middle": damaged(lambda content: content[: len(content) // 2]),
    "a saved state without its end": damaged(lambda content: content[:-1]),
    "a saved state of zeros": damaged(lambda content: bytes(len(content))),
    "a web page under a saved state's name": damaged(lambda _: b"<!DOCTYPE html><html>" * 99),
    "a saved state with a flipped bit in the weights": damaged(flip(0.2)),
    "a saved state with a flipped bit in the snapshot": damaged(flip(0.8)),
    "a folder under a saved state's name": instead(Path.mkdir),
    "a pipe under a saved state's name": instead(os.mkfifo),
    "a saved list": other(lambda _: [1, 2]),
    "a saved state without any key": other(lambda content: content.clear()),
    "a saved state without velocities": other(lambda content: content.pop("velocities") and None),
    "a saved state without a generator": other(lambda content: content["generators"].clear()),
    "a saved state without its progress": other(
        lambda content: content["training_state"].pop("best_weights") and None
    ),
    "a saved state beyond the last iteration": setting("training_state/iteration", 10**6),
    "a saved state at another iteration": setting("training_state/iteration", 6),
    "a saved state before the first iteration": setting("training_state/iteration", -1),
    "a saved state between iterations": setting("training_state/iteration", 4.5),
    "a saved state of text": setting("training_state/iteration", "many"),
    "a best iteration to come": setting("training_state/best_iteration", 7),
    "time that went backwards": setting("training_state/seconds", -3.0),
    "time that is no number": setting("training_state/seconds", float("nan")),
    "a saved state that has lost its snapshot": setting("training_state/best_weights", {}),
    "a saved state without its records": setting("training_state/records", []),
    "records of text": setting("training_state/records/0/loss", "small"),
    "records with a column too many": setting("training_state/records/0/mood", "good"),
    "a loss of more images than were seen": setting("loss_meter/images", 10**9),
    "velocities of other parameters": setting("velocities/0/0", torch.zeros(3)),
    "velocities that are gone": setting("velocities/0/0", None),
    "velocities of too few parameters": setting("velocities/0", []),
    "weights of another shape": setting("net/fc7.weight", torch.zeros(1)),
    "weights of another type": setting("net/fc7.bias", torch.zeros(128, dtype=torch.int64)),
    "weights of an unknown layer": setting("net/fc8.weight", torch.zeros(1)),
    "a generator of a few bytes": setting("generators/cpu", torch.zeros(4, dtype=torch.uint8)),
    "a generator of noise": setting("generators/loss", torch.zeros(5056, dtype=torch.uint8)),
    "a state of a training that has ended": setting("training_state/diverged_at", 3),
    "an identity of tensors": setting("identity", {"config": torch.zeros(2)}),
}
KINDS = [
    *(
        Kind(
            f"a split without a labelled pixel: {split}",
            partial(write_own, void=split),
            f"error: data/demo/own: split {split}: no labelled pixel in {count} images; expected",
        )
        for split, count in (("train", 4), ("val", 2))
    ),
    *(
        Kind(name, make, NEW_START, code=0, leaves=("0.pt*", "0.csv"))
        for name, make in STATES.items()
    ),
    Kind(
        "a saved state of another training",
        of_another_training,
        r"0\.pt\.resume belongs to other values.*: kept as 0\.pt\.resume\.other2, starting anew",
        code=0,
        leaves=("0.pt", "0.pt.resume", "0.pt.resume.other2", "0.pt.running.csv", "0.csv"),
    ),
    Kind(
        "a second damaged state",
        twice_damaged,
        r"set aside as 0\.pt\.resume\.damaged2, starting anew",
        code=0,
        leaves=("0.pt", "0.pt.resume", "0.pt.resume.damaged2", "0.pt.running.csv", "0.csv"),
    ),
    *(
        Kind(
            f"a running curve of {name}",
            beside(content),
            rf"0\.pt\.running\.csv: {problem}.*; written anew",
            code=0,
            leaves=("0.pt", "0.pt.resume", "0.pt.running.csv", "0.csv"),
        )
        for name, content, problem in (
            ("noise", b"\x80\x81\n" * 99, ".* can't decode"),
            ("a web page", b"<!DOCTYPE html>\n<html>\n" * 99, "line 2: iteration: Field required"),
            ("text", f"{HEADER}\nmany,8,5,1,1,1,8,now\n".encode(), "line 2: iteration: "),
            ("too few cells", f"{HEADER}\n1,8,5\n".encode(), "line 2: 3 cells; expected 8"),
            ("too many cells", f"{HEADER}\n{LINE},9\n".encode(), "line 2: 9 cells; expected 8"),
            ("infinite speed", f"{HEADER}\n{LINE}\n{ENDLESS}\n".encode(), "line 3: images_per_"),
        )
    ),
    *(
        Kind(
            f"a folder under the name of {name}",
            with_folder(f"results/demo/{name}"),
            f"error: results/demo/{name}: is a folder; expected a file to write",
            leaves=leaves,
        )
        for name, leaves in (
            ("checkpoints/own-32s/0.pt", ()),
            ("checkpoints/own-32s/0.pt.running.csv", ("results/demo/curves*", "own-32s")),
            ("curves/own-32s/0.csv", ("results/demo/checkpoints*", "own-32s")),
        )
    ),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_bad_inputs_of_a_training(kind: Kind, try_kind: Callable[[Kind], None]) -> None:
    try_kind(kind)


def test_a_training_that_is_stopped_at_once_replaces_no_state_of_another(tmp_path: Path) -> None:
    """As after a mistake in the configuration, which the warning tells of."""
    write_stopped(tmp_path)
    before = (tmp_path / RESUME).read_bytes()
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own_config(learning_rate=2e-5)), "utf-8")

    class StopsAtOnce(Trainer):
        def _train(self, checkpoint: Path) -> None:
            raise Stopped

    config = read_config([tmp_path / "own.yaml"]).training("own-32s")
    data = PreparedDataset(tmp_path / "data/demo/own")
    trainer = make_trainer(data, config, trainer=StopsAtOnce)
    with torch.random.fork_rng(), pytest.raises(Stopped):
        trainer.fit(tmp_path / RESUME.with_suffix(""), tmp_path / "unused.csv", resume=True)
    assert (tmp_path / f"{RESUME}.other").read_bytes() == before


FCN = "from fcnlib.cli.main import main; main()"
LITTLE_MEMORY = {
    # What is shared with another process is a file.
    "files of a megabyte": ["bash", "-c", 'ulimit -f 1024; exec "$@"', "-"],
    "a megabyte of /dev/shm": [
        *("unshare", "--map-root-user", "--mount", "sh", "-ec"),
        *('mount -t tmpfs -o size=1m none /dev/shm; exec "$@"', "-"),
    ],
}


@pytest.mark.parametrize("name", LITTLE_MEMORY)
def test_workers_share_no_memory_that_may_be_small(tmp_path: Path, name: str) -> None:
    limited = LITTLE_MEMORY[name]
    tried = subprocess.run([*limited, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"not to be had here: {tried.stderr.strip()}")
    arguments = write_own(tmp_path, size=(400, 500), workers=2, iterations=4)
    command = [*limited, sys.executable, "-c", FCN, *map(str, arguments)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / RESUME.with_suffix("")).exists()
