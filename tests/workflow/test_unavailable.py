"""Released nets that no address has: their rows say so, all else goes on."""

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
import yaml
from fixtures.nets import with_random_weights
from fixtures.workflow import copy_workflow, jobs, snakemake

from fcn_synthetic.archives.voc import write_sbd, write_voc2011
from fcnlib.archives.unavailable import read_mark, remove_marks
from fcnlib.evaluation.record import read_record
from fcnlib.models.fcn import build_fcn
from fcnlib.models.weights.caffemodel import write_caffemodel
from fcnlib.models.weights.to_caffe import caffe_layers

pytestmark = pytest.mark.slow  # a run of Snakemake

STAGES = {"fcn32s": ["fc7"], "fcn16s": ["fc7", "pool4"], "fcn8s": ["fc7", "pool4", "pool3"]}
GONE = "fcn32s-heavy-pascal.caffemodel"  # and fcn32s_from_caffe.pth
REPLACED, FALLBACK = "fcn16s-heavy-pascal.caffemodel", "fcn16s_from_caffe.pth"
THERE = "fcn8s-heavy-pascal.caffemodel"
OVERLAY = {
    "scale": "mini",
    "scales": {
        "mini": {
            "preset": "demo",
            "archives": "published",
            "tables": ["zoo"],
            "net": {"width": 0.0625},
            "forward_side": 32,
        }
    },
    "datasets": {"voc2011-sbd": {"counts": {"train": 20, "seg11valid": 6}}},
    "claims": {
        "finer": {
            "section": "4.3: skips",
            "statement": "A finer stride scores more.",
            "numbers": {
                "s32": ["zoo", "zoo-voc-fcn32s", "mean_iu"],
                "s16": ["zoo", "zoo-voc-fcn16s", "mean_iu"],
            },
            "holds": "s16 > s32",
        }
    },
}
# Appended to the copy's catalogue: the nets at this machine's server alone.
ADDRESSES = """
for _name, _checksum in {checksums!r}.items():
    ARCHIVES[_name] = Archive((f"{url}/{{_name}}",), "of a test", _checksum)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of a server on this machine, and its address."""
    folder = tmp_path_factory.mktemp("served")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(scope="module")
def run(served: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run in which one net was missing and one was replaced."""
    folder, (files, url) = tmp_path_factory.mktemp("run"), served
    copy_workflow(folder)
    (folder / "mini.yaml").write_text(yaml.safe_dump(OVERLAY), "utf-8")
    nets = {
        name: with_random_weights(build_fcn(classes=21, predict_from=layers, width=1 / 16))
        for name, layers in STAGES.items()
    }
    for name, net in nets.items():
        write_caffemodel(files / f"{name}-heavy-pascal.caffemodel", caffe_layers(net))
    # Of the trained values alone, as pytorch-fcn's files are.
    torch.save(
        {n: x for n, x in nets["fcn16s"].state_dict().items() if not n.startswith("input_")},
        files / FALLBACK,
    )
    checksums = {
        path.name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in files.iterdir()
    }
    missing = {"fcn32s_from_caffe.pth": "", "fcn8s-atonce-pascal.caffemodel": ""}
    missing |= {"fcn8s-atonce_from_caffe.pth": "", "fcn-alexnet-pascal.caffemodel": ""}
    with open(folder / "fcnlib/archives/catalogue.py", "a", encoding="utf-8") as catalogue:
        catalogue.write(ADDRESSES.format(checksums=checksums | missing, url=url))
    for name in (GONE, REPLACED):
        (files / name).rename(files / f"{name}.later")
    archives = folder / "data/mini/archives"
    archives.mkdir(parents=True)
    for write, name in {
        write_voc2011: "VOCtrainval_25-May-2011.tar",
        write_sbd: "benchmark.tgz",
    }.items():
        write(archives / name, seed=0, size=48, train=20, validation=6)
    done = snakemake(folder, "all", "--configfile", "mini.yaml", "--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_missing_net_is_a_row_without_scores(run: Path) -> None:
    record = read_record(run / "results/mini/metrics/zoo-voc-fcn32s/0.json")
    assert not record.tasks and record.unavailable and record.unavailable.unavailable == GONE
    assert "404 File not found" in record.unavailable.answers[0].answer
    table = (run / "results/mini/tables/zoo.md").read_text("utf-8")
    rows = {line.split(" | ")[0].strip("| "): line for line in table.splitlines() if "|" in line}
    assert "not available" in rows["FCN-32s"] and "not available" not in rows["FCN-8s staged"]
    assert GONE.replace("_", r"\_") in table and "404 File not found" in table
    assert not (run / "data/mini/archives" / THERE).with_suffix(".caffemodel.unavailable").exists()


def test_a_converted_file_takes_a_missing_ones_place(run: Path) -> None:
    mark = read_mark(run / "data/mini/archives" / REPLACED)
    assert mark and mark.fallback == FALLBACK
    record = read_record(run / "results/mini/metrics/zoo-voc-fcn16s/0.json")
    assert record.weights and record.weights.file == FALLBACK
    assert record.tasks["semantic"]["mean_iu"] is not None
    page = (run / "results/mini/index.html").read_text("utf-8")
    assert f"of {FALLBACK}, in the place of {REPLACED}" in page


def test_a_claim_with_a_missing_net_is_untested_and_says_why(run: Path) -> None:
    claims = json.loads((run / "results/mini/claims.json").read_text("utf-8"))
    (found,) = [claim for claim in claims if claim["id"] == "finer"]
    assert found["holds"] is None and f"{GONE} was not available on" in found["why"]


def test_the_page_says_what_was_verified_and_what_was_not_available(run: Path) -> None:
    page = (run / "results/mini/index.html").read_text("utf-8")
    assert "2 of 4 files have the published checksum; 4 not available" in page
    assert f"{GONE} was not available on" in page and "not available</td>" in page


def test_a_retry_downloads_what_was_marked_and_scores_it(
    run: Path, served: tuple[Path, str]
) -> None:
    files, goal = served[0], ("all", "--configfile", "mini.yaml")
    assert jobs(run, *goal) == {}
    for name in (GONE, REPLACED):
        (files / f"{name}.later").rename(files / name)
    assert set(remove_marks(run / "data/mini/archives", [GONE, REPLACED])) == {GONE, REPLACED}
    planned = jobs(run, *goal)
    assert planned["download"] == planned["convert"] == planned["evaluate"] == 2
    assert snakemake(run, *goal, "--cores", "2").returncode == 0
    record = read_record(run / "results/mini/metrics/zoo-voc-fcn32s/0.json")
    assert record.tasks and record.unavailable is None
    assert jobs(run, *goal) == {}
