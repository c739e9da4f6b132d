"""What Snakemake hashes over a whole run: bytes by rule, and the most after one job.

python benchmarks/hashing.py [--scale paper] [--limits 4GB 500MB 1MB] [--json FILE]

When a job has ended, Snakemake's main process hashes every input up to `max-checksum-file-size`,
once for each output. Here, files without content but of the sizes of a run take the place of its
files, `snakemake --touch --forceall` ends all its jobs, and a counter takes the place of hashing.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from fcnlib.config.load import load_config
from fcnlib.config.studies import read_raw_config
from fcnlib.core.files import write_json
from fcnlib.models.fcn import build_fcn
from fcnlib.plan.targets import Targets

REPOSITORY = Path(__file__).parents[1]
WORKFLOW = ("Snakefile", "config.yaml", "studies", "workflow", "profiles")
SMALL = 100_000  # bytes of what is neither an archive nor a net
VGG = 550_000_000  # of a classifier or a stream of a released net, at most
# The archives of a few hundred MB and more, of the published sizes.
ARCHIVES = {
    "VOCtrainval_25-May-2011.tar": 1_809_000_000,
    "VOCtrainval_03-May-2010.tar": 1_321_000_000,
    "benchmark.tgz": 1_420_000_000,
    "nyu_depth_v2_labeled.mat": 2_972_000_000,
    "SiftFlowDataset.zip": 138_000_000,
}
# Runs Snakemake with a counter in the place of its hashing; the counts go to the first argument.
COUNTED = """
import hashlib, json, os, sys
from snakemake import cli, persistence

counts, job = [], ["start"]


def counted(file, algorithm):
    counts.append([job[0], os.fstat(file.fileno()).st_size])
    return hashlib.sha256(file.name.encode())


def remembered(finished):
    async def named(self, of):
        job[0] = f"{of.rule.name} {of.jobid}"
        return await finished(self, of)
    return named


hashlib.file_digest = counted
for each in vars(persistence).values():
    if isinstance(each, type) and "finished" in vars(each):
        each.finished = remembered(each.finished)
try:
    cli.main(sys.argv[2:])
finally:
    json.dump(counts, open(sys.argv[1], "w"))
"""


def sizes(targets: Targets) -> dict[str, int]:
    """The bytes of each large file of a run, by its name."""
    paths, found = targets.paths, {}
    for name in targets.nets:
        is_released = name in targets.released
        streams = len(targets.data_of(name).inputs)
        size = VGG * streams if is_released else net_bytes(targets, name)
        for seed in targets.seeds_of(name):
            found[paths.checkpoint(name, seed)] = size
    for backbone in targets.backbones:
        found[paths.starting_weights(backbone)] = VGG if backbone.startswith("vgg") else VGG // 2
    for archive in targets.published_archives:
        is_net = archive.endswith((".caffemodel", ".pth"))
        found[paths.archive(archive)] = VGG if is_net else ARCHIVES.get(archive, SMALL)
    return found


def net_bytes(targets: Targets, name: str) -> int:
    """Of a checkpoint: its weights' float32."""
    net = targets.config.evaluated_net(name)
    assert net is not None
    with torch.device("meta"):
        built = build_fcn(**net.model_dump(exclude={"start_from"}), classes=21)
    return 4 * sum(each.numel() for each in built.state_dict().values())


def make_files(folder: Path, scale: str, large: dict[str, int]) -> None:
    """Files without content for all outputs of all jobs."""
    command = [sys.executable, "-m", "snakemake", "-n", "--forceall", "all"]
    done = subprocess.run(
        [*command, "--config", f"scale={scale}"], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    for line in re.findall(r"^    (?:output|log|benchmark): (.+)$", done.stdout, re.MULTILINE):
        for name in line.split(", "):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, large.get(name, SMALL))


def hashed(folder: Path, scale: str, limit: str) -> list[list[Any]]:
    """What is hashed when all jobs end: the rule and number of the job, and the bytes of a file."""
    command = ["--touch", "--forceall", "all", "--quiet", "all", "--config", f"scale={scale}"]
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, "counts.json", *command, "--max-checksum-file-size", limit],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    counts: list[list[Any]] = json.loads((folder / "counts.json").read_text("utf-8"))
    return counts


def speed() -> float:
    """Bytes of a file in memory that are hashed in a second."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(1 << 28))
        file.seek(0)
        start = time.perf_counter()
        hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
        return (1 << 28) / (time.perf_counter() - start)


def summary(counts: list[list[Any]]) -> dict[str, Any]:
    """Bytes by rule, all together, and the most after a single job."""
    rules: dict[str, int] = defaultdict(int)
    jobs: dict[str, int] = defaultdict(int)
    for job, size in counts:
        rules[job.partition(" ")[0]] += size
        jobs[job] += size
    return {"all": sum(jobs.values()), "most": max(jobs.values(), default=0), "rules": dict(rules)}


def main() -> None:
    """Print a table, and write it to the path of `--json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--limits", nargs="+", default=["4GB", "500MB", "1MB"])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rate, found = speed(), {}
    with tempfile.TemporaryDirectory() as folder:
        for part in WORKFLOW:
            copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
            copy(REPOSITORY / part, Path(folder) / part)
        raw, source = read_raw_config([REPOSITORY / "config.yaml"])
        config = load_config({**raw, "scale": options.scale}, source)
        make_files(Path(folder), options.scale, sizes(Targets(config)))
        for limit in options.limits:
            found[limit] = summary(hashed(Path(folder), options.scale, limit))
    print(f"sha256 of a file in memory: {rate / 1e9:.2f} GB/s\n")
    print("| limit | hashed, GB | seconds | after one job at most, GB | seconds | most of it |")
    print("|---|--:|--:|--:|--:|---|")
    for limit, each in found.items():
        costly = sorted(each["rules"].items(), key=lambda item: -item[1])[:5]
        most = ", ".join(f"{rule} {size / 1e9:.0f}" for rule, size in costly if size > 5e8)
        total, one = each["all"], each["most"]
        print(
            f"| {limit} | {total / 1e9:.1f} | {total / rate:.0f} | {one / 1e9:.1f} "
            f"| {one / rate:.1f} | {most} |"
        )
    if options.json:
        write_json(options.json, {"bytes_per_second": rate, "limits": found})


if __name__ == "__main__":
    main()
