"""Folders that are no run, and runs whose files are damaged."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.hostile import Kind

CONFIG = Path(__file__).parents[2] / "config.yaml"
LOGS = "results/demo/logs/train/voc-fcn32s"
TRY = '[{"started": %s, "host": "h", "pid": %s}]'
RUNNING = "iteration,images,seconds,loss_per_pixel,images_per_second,iterations,time\n"


def files(**contents: str) -> Callable[[Path], list[object]]:
    """The arguments that ask for a run with these files, `__` for a slash."""

    def make(folder: Path) -> list[object]:
        results = folder / "results/demo"
        results.mkdir(parents=True)
        for name, content in contents.items():
            path = results / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8", errors="surrogateescape")
        return ["status", "results/demo"]

    return make


def with_config(path: str, content: str) -> Callable[[Path], list[object]]:
    """The same with the project's configuration, and one file."""

    def make(folder: Path) -> list[object]:
        target = folder / path
        target.parent.mkdir(parents=True)
        target.write_text(content, "utf-8", errors="surrogateescape")
        return ["status", "results/demo", "--config", CONFIG]

    return make


def pipe(folder: Path) -> list[object]:
    target = folder / LOGS / "0.tries.json"
    target.parent.mkdir(parents=True)
    os.mkfifo(target)
    return ["status", "results/demo", "--config", CONFIG]


def of_another_scale(folder: Path) -> list[object]:
    (folder / "results/paper").mkdir(parents=True)
    return ["status", "results/paper", "--config", CONFIG]


def a_folder_of_photos(folder: Path) -> list[object]:
    (folder / "photos").mkdir()
    return ["status", "photos"]


RUNNING_FILE = "results/demo/checkpoints/voc-fcn32s/0.pt.running.csv"
TRIES_FILE = f"{LOGS}/0.tries.json"
KINDS = [
    Kind("no folder", lambda folder: ["status", "results/demo"], r"results/demo: no such folder"),
    Kind("a file", lambda folder: ["status", CONFIG], r"config\.yaml: no such folder"),
    Kind("a folder of something else", a_folder_of_photos, r"photos: no config\.json in it"),
    Kind("another scale's folder", of_another_scale, r"results/paper: expected .*results/demo"),
    Kind("an empty configuration", files(**{"config.json": ""}), r"config\.json: expected a conf"),
    Kind("a list", files(**{"config.json": "[]"}), r"config\.json: expected a configuration"),
    Kind("brackets", files(**{"config.json": "[" * 100_000}), r"config\.json: expected a config"),
    Kind("bytes", files(**{"config.json": "\udcff"}), r"config\.json: expected a configuration"),
    Kind("no configuration", files(**{"config.json": "{}"}), r"config\.json: .*scale"),
    Kind("tries of a pipe", pipe, r"0\.tries\.json: is a named pipe"),
    Kind("tries cut short", with_config(TRIES_FILE, "[{"), r"0\.tries\.json: content: "),
    Kind("a try at no time", with_config(TRIES_FILE, TRY % ('"x"', 1)), r"json: 0\.started: "),
    Kind("a try of no process", with_config(TRIES_FILE, TRY % (0, 1.5)), r"json: 0\.pid: "),
    Kind(
        "a huge process number",
        with_config(TRIES_FILE, TRY % ('"2001-01-01T00:00:00Z"', "9" * 30)),
        r"voc-fcn32s",
        code=0,
    ),
    Kind("a curve of words", with_config(RUNNING_FILE, RUNNING + "a,b,c,d,e,f,g\n"), r"line 2: "),
    Kind(
        "a time of no zone",
        with_config(RUNNING_FILE, RUNNING + "1,1,1,1,1,9,2001-01-01T00:00:00\n"),
        r"line 2: time: ",
    ),
    Kind(
        "numbers beyond all bounds",
        with_config(RUNNING_FILE, RUNNING + f"1,1,1e308,1,1,{'9' * 400},2001-01-01T00:00:00Z\n"),
        r"line 2: ",
    ),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_no_run_is_named_in_one_line(try_kind: Callable[[Kind], None], kind: Kind) -> None:
    try_kind(kind)
