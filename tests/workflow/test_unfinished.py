"""DVC records none of what a process that runs, or was killed, has not finished."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

UNFINISHED = """if True:
    import os, signal
    from pathlib import Path
    from fcnlib.core.files import atomic_write, resumable_folder
    saved, data = Path("out/0.pt.resume"), Path("out/voc")
    with atomic_write(saved) as temporary, resumable_folder(data, "0" * 64):
        temporary.write_bytes(bytes(10**6))
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_dvc_records_nothing_that_is_unfinished(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / ".dvcignore", tmp_path)
    subprocess.run([sys.executable, "-c", UNFINISHED], cwd=tmp_path, check=False)
    kept = [f"0.pt.resume.{name}" for name in ("damaged", "damaged2", "other", "other2")]
    for name in ("0.pt", "0.pt.resume", "0.pt.running.csv", *kept, "voc.tar", "voc.tar.part"):
        (tmp_path / "out" / name).write_text(name, "utf-8")
    assert len(list((tmp_path / "out").iterdir())) == 11
    for command in (["init", "--no-scm", "--quiet"], ["add", "--quiet", "out"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True)
    (listing,) = (tmp_path / ".dvc/cache").rglob("*.dir")
    recorded = [each["relpath"] for each in json.loads(listing.read_text("utf-8"))]
    assert recorded == ["0.pt", "voc.tar"]
