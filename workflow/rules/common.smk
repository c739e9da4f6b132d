"""The configuration and the few functions that more than one rule uses."""

from pathlib import Path

from fcnlib.config import load
from fcnlib.provenance import fingerprint

CONFIG = load(config)
DATA = f"data/{CONFIG.scale}"
RESULTS = f"results/{CONFIG.scale}"
NETS = [name for name, entry in CONFIG.experiments.items() if entry.net]
BOUNDS = [name for name, entry in CONFIG.experiments.items() if entry.oracle]


wildcard_constraints:
    experiment="|".join(CONFIG.experiments),
    dataset="|".join(CONFIG.datasets),
    table="|".join(CONFIG.tables),
    figure="|".join(CONFIG.figures),
    backbone="[a-z0-9]+",
    seed=r"\d+",


def code(rule):
    """What the rule's script and all it imports do, as a hash: code is an input."""
    return fingerprint(Path(workflow.basedir) / "workflow" / "scripts" / f"{rule}.py")


def runs(kind, suffix, experiments):
    """The files of one kind of these experiments, for every seed."""
    return expand(
        f"{RESULTS}/{kind}/{{experiment}}/{{seed}}.{suffix}",
        experiment=experiments,
        seed=CONFIG.seeds,
    )


def dataset_of(wildcards):
    return f"{DATA}/{CONFIG.experiments[wildcards.experiment].data.dataset}/dataset.json"


def in_table(table):
    """The experiments that are rows of a table, in the order of the list."""
    return [name for name, entry in CONFIG.experiments.items() if table in entry.tables]
