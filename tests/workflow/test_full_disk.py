"""A full disk: it is one line, nothing half-written is left, and the next run resumes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from fixtures.clone import Clone, tiny

pytestmark = pytest.mark.slow

NET = "voc-fcn32s"
CHECKPOINT = f"results/demo/checkpoints/{NET}/0.pt"
# A process that alone sees a small disk.
OWN_DISK = ("unshare", "--map-root-user", "--mount", "sh", "-ec")
SCRIPT = """
mkdir -p {folder}
mount -t tmpfs -o size={size} none {folder}
if snakemake {goal} > full.txt 2>&1; then exit 9; fi
(cd {folder} && find . -type f) > left.txt
mount -o remount,size=200m {folder}
snakemake {goal} > again.txt 2>&1
cp -r {folder} kept
"""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    tried = subprocess.run([*OWN_DISK, f"mount -t tmpfs none {tmp_path}"], capture_output=True)
    if tried.returncode != 0:
        pytest.skip(f"no small disk to fill: {tried.stderr.decode().strip()}")
    clone = Clone(tmp_path / "clone")
    content = tiny(clone.config(), [NET])
    content["recipes"]["heavy"] |= {"iterations": 40, "validate_every": 10}
    content["scales"]["demo"]["save_minutes"] = 0
    clone.configure(content)
    return clone


def problem(clone: Clone) -> str:
    """The one line on the full disk."""
    printed = (clone.folder / "full.txt").read_text("utf-8")
    assert "Traceback" not in printed, printed
    lines = set(re.findall(r"^\s*(error: .*)", printed, re.MULTILINE))
    assert len(lines) == 1, printed
    return lines.pop()


def test_a_training_that_fills_the_disk_keeps_its_saved_state_and_resumes(clone: Clone) -> None:
    clone.run("snakemake", CHECKPOINT)
    calm = torch.load(clone.folder / CHECKPOINT, weights_only=True)["state"]
    shutil.rmtree(clone.folder / "results")
    script = SCRIPT.format(folder="results", goal=CHECKPOINT, size="14m")
    clone.run(*OWN_DISK, script)  # room for one stored state, not for a second one beside it
    assert problem(clone) == f"error: {CHECKPOINT}.resume: cannot be written; is the disk full?"
    left = (clone.folder / "left.txt").read_text("utf-8").split()
    assert f"./demo/checkpoints/{NET}/0.pt.resume" in left
    assert not [name for name in left if ".tmp" in name or name.endswith("0.pt")]
    kept = clone.folder / "kept/demo"
    logged = (kept / f"logs/train/{NET}/0.tries.log").read_text("utf-8")
    assert "resuming from iteration" in logged
    ended = torch.load(kept / f"checkpoints/{NET}/0.pt", weights_only=True)["state"]
    assert all(torch.equal(ended[name], calm[name]) for name in calm)


def test_data_that_fill_the_disk_are_whole_or_not_there(clone: Clone) -> None:
    goal = "data/demo/voc2011-sbd/dataset.json"
    clone.run("snakemake", goal)
    calm = (clone.folder / goal).read_bytes()
    shutil.rmtree(clone.folder / "data")
    clone.run(*OWN_DISK, SCRIPT.format(folder="data", goal=goal, size="240k"))
    assert re.search("data/demo/voc2011-sbd: not prepared: .*: No space left", problem(clone))
    assert "voc2011-sbd/" not in (clone.folder / "left.txt").read_text("utf-8")
    assert (clone.folder / "kept/demo/voc2011-sbd/dataset.json").read_bytes() == calm
