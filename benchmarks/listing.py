"""`snakemake -n all` by the number of experiments: seconds and peak memory.

python benchmarks/listing.py [--experiments 100 300 1000] [--json FILE]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from fcnlib.config.studies import read_studies
from fcnlib.core.files import write_json

REPOSITORY = Path(__file__).parents[1]
PATTERN = "voc-fcn32s-online"  # all others differ from it by their rate


def sweep(count: int) -> dict[str, Any]:
    """A study with so many entries that there are `count` experiments."""
    listed = read_studies(REPOSITORY / "studies")["experiments"]
    entry = {key: value for key, value in listed[PATTERN].items() if key not in ("paper", "rows")}
    added = {
        f"sweep-{index:04}": {
            **entry,
            "row": f"FCN-32s {index}",
            "recipe": {**entry["recipe"], "learning_rate": 1e-9 * (index + 1)},
        }
        for index in range(count - len(listed))
    }
    return {"title": "a sweep", "experiments": added}


def dry_run(count: int, folder: Path) -> dict[str, float]:
    """How long Snakemake takes to plan all experiments, and in how much memory."""
    studies = shutil.copytree(REPOSITORY / "studies", folder / f"{count}")
    (studies / "sweep.yaml").write_text(yaml.safe_dump(sweep(count)), "utf-8")
    command = [sys.executable, "-m", "snakemake", "-n", "all", "--config", f"studies={studies}"]
    start = time.perf_counter()
    with open(folder / "output.txt", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if status:
        sys.exit(text)
    jobs = int(text.split("\ntotal")[1].split()[0])
    return {"jobs": jobs, "seconds": seconds, "peak_mb": used.ru_maxrss / 1024}


def main() -> None:
    """Print a table, and write it to the path of `--json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--experiments", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {}
    print(f"{'experiments':>11} {'jobs':>6} {'s':>6} {'MB':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for count in options.experiments:
            found[count] = dry_run(count, Path(folder))
            jobs, seconds, peak = found[count].values()
            print(f"{count:>11} {jobs:>6} {seconds:>6.1f} {peak:>6.0f}", flush=True)
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()
