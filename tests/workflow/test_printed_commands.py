"""What the pages print is typed, page by page and in their order, by somebody who has made a run.

A block between fences is run unless a line above it says why not: `<!-- skip: reason -->`. Images
are few, nets are trained for a moment, and Snakemake tells what it would do where that would take
days or a cluster. Where a page prints output, too, any number may stand for a number.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from fixtures.clone import Clone, shorten
from fixtures.pages import Block, blocks
from moto.server import ThreadedMotoServer
from PIL import Image

pytestmark = pytest.mark.slow

NETS = ["voc-fcn32s", "voc-fcn16s", "voc-fcn8s"]
DATA = [f"data/demo/{name}/dataset.json" for name in ("voc2011", "nyudv2")]
# Programs that would take days, never end, or ask another machine.
INSTEAD = """
make() { command make --dry-run "$@"; }
snakemake() {
  case " $* " in
    *" --config "*|*" --profile "*|*" --software-deployment-method "*|*" rehearsal "*)
      command snakemake --dry-run "$@";;
    *) command snakemake "$@";;
  esac
}
watch() { shift 2; "$@"; }
pip() { command pip "$@" --dry-run --no-index --quiet; }
set -e -o pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
"""
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
TYPED = blocks("sh", "console", "python", "yaml")
FRONT = ("README.md", "docs/quick-start.md")
PAGES = [
    pytest.param(page, marks=[] if page in FRONT else pytest.mark.nightly)
    for page in dict.fromkeys(block.page for block in TYPED)
]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone after `make quick`, with few images and trainings of a moment."""
    clone = Clone(tmp_path_factory.mktemp("printed") / "clone")
    (clone.folder / ".venv").symlink_to(sys.prefix)
    with open(clone.folder / ".git/info/exclude", "a", encoding="utf-8") as file:
        file.write(".venv\n")
    content = clone.config()
    shorten(content)
    clone.configure(content)
    clone.commit()
    (command,) = re.findall(r"^snakemake .+$", clone.run("make", "--dry-run", "quick"), re.M)
    clone.run(*shlex.split(command))
    return clone


@pytest.fixture(scope="module")
def finished(quick: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The same with two more data sets, and a list of experiments that has these nets alone."""
    clone = _copy(quick, tmp_path_factory.mktemp("finished") / "clone")
    clone.run("snakemake", *DATA)
    content = clone.config()
    _leave_three_rows(content)
    clone.configure(content)
    clone.commit()
    clone.run("snakemake", "all")
    (clone.folder / "data/paper/archives").mkdir(parents=True)  # as after a run at paper scale
    return clone


def _leave_three_rows(content: dict[str, Any]) -> None:
    """Of each scale run these nets alone; all others stay in the list."""
    for name, entry in content["experiments"].items():
        if name not in NETS and "base" in entry:
            entry["tables"] = [table for table in entry["tables"] if table != "skips"]
            entry.get("rows", {}).pop("skips", None)
    for scale in ("demo", "paper"):
        content["scales"][scale]["tables"] = ["skips"]


@pytest.fixture(scope="module")
def own_files(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own files, by the names that the pages give them."""
    folder = tmp_path_factory.mktemp("own")
    _write_photos(folder / "photos")
    depth = np.linspace(1500, 3000, 480 * 640).reshape(480, 640).astype(np.uint16)
    for name in ("depth.png", "rawdepth.png", "depth/a.png", "raw/a.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(depth).save(folder / name)
    (folder / "weights").mkdir()
    net, weights = f"results/demo/checkpoints/{NETS[-1]}/0.pt", "fcn8s-heavy-pascal.caffemodel"
    finished.run("fcn", "convert", net, "--out", str(folder / "weights" / weights))
    return folder


def _write_photos(folder: Path) -> None:
    """A dozen photographs of three classes, and of void, which is 11."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for number in range(12):
        labels = np.array([0, 1, 2, 11], np.uint8)[(np.indices((48, 60)).sum(0) // 9 + number) % 4]
        noise = np.random.default_rng(number).integers(0, 30, (48, 60, 3))
        image = Image.fromarray((20 * labels[..., None] + noise).astype(np.uint8))
        image.save(folder / f"images/im{number}.jpg")
        Image.fromarray(labels).save(folder / f"labels/im{number}.png")
    for split, numbers in {"train": range(9), "val": range(9, 12)}.items():
        (folder / f"{split}.txt").write_text("".join(f"im{i}\n" for i in numbers), "utf-8")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a server of S3's protocol with a bucket of that name."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "...", "aws_secret_access_key": "..."}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="bucket")
    try:
        yield url
    finally:
        server.stop()


class Session:
    """Somebody at the keyboard, in a clone."""

    def __init__(self, clone: Clone, own_files: Path, places: dict[str, str]) -> None:
        self._clone = clone
        self._own_files = own_files
        self._places = places  # what stands for places that a page prints
        self._python = ""

    def type(self, block: Block) -> None:
        """Type what a block says."""
        types: dict[str, Callable[[str], None]] = {
            "sh": self._type_shell,
            "console": self._type_console,
            "python": self._type_python,
            "yaml": self._write,
        }
        types[block.language](block.code)

    def _run(self, command: str) -> str:
        for printed, here in self._places.items():
            command = command.replace(printed, here)
        self._lay_out(command)
        return self._clone.run("bash", "-c", INSTEAD + command)

    def _lay_out(self, command: str) -> None:
        """Put the user's files where a command names them, unless the page made them before."""
        for path in self._own_files.iterdir():
            is_named = re.search(rf"(?<![\w./-]){re.escape(path.name)}(?![\w.-])", command)
            target = self._clone.folder / path.name
            if is_named and not target.exists():
                (shutil.copytree if path.is_dir() else shutil.copy)(path, target)

    def _type_shell(self, code: str) -> None:
        self._run(code)

    def _type_console(self, code: str) -> None:
        for part in re.split(r"^\$ ", code, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            printed = self._run(command)
            pattern = r"\s*\n".join(map(_pattern, expected.splitlines()))
            assert re.search(rf"^{pattern}\s*$", printed, re.M), f"{expected}\nis not\n{printed}"

    def _type_python(self, code: str) -> None:
        """After what the page's earlier blocks say."""
        self._python += code
        self._clone.run("python", "-W", "ignore", "-c", self._python)

    def _write(self, code: str) -> None:
        """The file that a first comment names, if it is one of the user's own."""
        if name := re.match(r"# (\w+\.yaml)\n", code):
            (self._clone.folder / name[1]).write_text(code, "utf-8")


def _pattern(line: str) -> str:
    """What a printed line stands for: any numbers, any widths of columns, `...` for anything."""
    if line.startswith("...") and line.endswith("..."):
        return r"[\s\S]*"
    words = [re.escape(word).replace(r"\.\.\.", ".*") for word in re.split(r" {2,}", line.rstrip())]
    numbers = re.compile(r"(?<![\w.])(?:\\-)?\d+(?:\\\.\d+)?(?:e(?:\\-)?\d+)?(?!\w)")
    return r"\s+".join(numbers.sub(lambda _: NUMBER, word) for word in words)


def _copy(clone: Clone, folder: Path) -> Clone:
    """Another clone, with data and results."""
    other = Clone(folder, source=clone.folder)
    for name in ("data", "results", ".snakemake", ".venv"):
        source = clone.folder / name
        if source.is_symlink():
            (folder / name).symlink_to(source.readlink())
        else:
            shutil.copytree(source, folder / name, dirs_exist_ok=True)
    shutil.copy(clone.folder / ".git/info/exclude", folder / ".git/info/exclude")
    other.environment["AWS_DEFAULT_REGION"] = "us-east-1"
    return other


def test_make_demo_after_make_quick_makes_what_is_left(quick: Clone) -> None:
    planned = quick.planned()
    assert {("train", name) for name in ("voc-fcn8s-atonce", "voc-fcn32s-fixed")} <= planned
    done = {(rule, name) for rule in ("train", "evaluate") for name in NETS}
    assert not (done | {("prepare", "voc2011-sbd")}) & planned
    assert not {"synthetic_voc", "synthetic_sbd"} & {rule for rule, _ in planned}
    page = (quick.folder / "results/demo/index.html").read_text("utf-8")
    assert "Only a part was run:</strong> 3 of " in page


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_prints_works_as_it_is_typed(
    finished: Clone, own_files: Path, bucket: str, tmp_path: Path, page: str
) -> None:
    places = {"/some/folder": str(tmp_path / "store"), "https://s3.example.org": bucket}
    session = Session(_copy(finished, tmp_path / "clone"), own_files, places)
    for block in TYPED:
        if block.page == page and not block.reason:
            session.type(block)
        elif block.page == page:
            print(f"not run: {block.place}: {block.reason}")
