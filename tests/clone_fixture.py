"""A clone of this repository whose list runs in a minute, to type commands in."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)+)", re.MULTILINE)
OF = re.compile(r"wildcards: (?:experiment|table|figure)=([\w-]+)")
PERSON = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "A user"), ("EMAIL", "user@example.org"))
}


class Clone:
    """A clone of what is committed, with its own library and the environment of the tests."""

    def __init__(self, folder: Path, *, source: Path = REPOSITORY) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            **PERSON,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
        }
        folder.mkdir(parents=True)
        self.run("git", "clone", "--quiet", str(source), ".")

    def run(self, *command: str) -> str:
        """What the command said; a command that fails, fails the test with that."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """The command at work as if it was typed in a terminal of its own; `said` is its screen."""
        with open(self._screen, "w") as screen:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._screen.read_text()

    @property
    def _screen(self) -> Path:
        return self.folder.with_suffix(".screen")

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "As it is")

    def config(self) -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load((self.folder / "config.yaml").read_text())
        return content

    def configure(self, content: dict[str, Any]) -> None:
        text = yaml.safe_dump(content, sort_keys=False)
        (self.folder / "config.yaml").write_text(text)
        claims = yaml.safe_load((self.folder / "claims.yaml").read_text())
        claims["claims"] = {
            name: claim for name, claim in claims["claims"].items() if _is_told(claim, content)
        }
        (self.folder / "claims.yaml").write_text(yaml.safe_dump(claims, sort_keys=False))

    def planned(self) -> set[tuple[str, str]]:
        """The jobs that `snakemake all` would run now."""
        return jobs(self.run("snakemake", "-n", "all"))

    def nothing_to_do(self) -> bool:
        return "Nothing to be done" in self.run("snakemake", "-n", "all")


def _is_told(claim: dict[str, Any], content: dict[str, Any]) -> bool:
    """Whether the list has the rows that a claim reads."""
    rows = [*claim.get("numbers", {}).values(), *claim.get("published", {}).values()]
    return all(
        table in content["experiments"].get(experiment, {}).get("tables", ())
        for table, experiment, _ in rows
    )


def jobs(said: str) -> set[tuple[str, str]]:
    """The rules of the jobs that Snakemake said it runs, and the row, table or figure of each."""
    found = set()
    for rule, about in JOB.findall(said):
        of = OF.search(about)
        found.add((rule, of[1] if of else ""))
    return found


def tiny(content: dict[str, Any], experiments: Sequence[str]) -> dict[str, Any]:
    """The list with these rows only, a few small scenes and a few iterations."""
    rows = {name: content["experiments"][name] for name in experiments}
    nets = [name for name, row in rows.items() if "net" in row]
    for recipe in content["recipes"].values():
        recipe |= {"iterations": 8, "validate_every": 4}
    for name in nets:
        rows[name]["recipe"].pop("iterations", None)
    content["drawn"] |= {
        "scenes": {"size": 48, "train": 20, "validation": 6},
        "context": {"size": 48, "train": 8, "validation": 4},
        "rooms": {"reduced": 8, "train": 8, "test": 4},
        "outdoor": {"size": 48, "train": 8, "test": 4},
        "test": {"size": 48, "images": 2},
    }
    content["pretraining"] |= {"windows": 64, "held_out": 16, "iterations": 4, "backbones": {}}
    content["figures"] = {"fig4": {**content["figures"]["fig4"], "experiments": nets}}
    tables = {name for row in rows.values() for name in row["tables"]}
    datasets = {row["data"]["dataset"] for row in rows.values()}
    content["tables"] = {name: content["tables"][name] for name in sorted(tables)}
    content["datasets"] = {name: content["datasets"][name] for name in sorted(datasets)}
    return {**content, "experiments": rows}
