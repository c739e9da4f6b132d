"""The configuration, what follows from it, and the few functions that more than one rule uses."""

import re
import sys
from pathlib import Path

from fcnlib.config.converters import other_converters
from fcnlib.config.load import load_config
from fcnlib.config.schema_data import FolderDataset
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.core.fingerprint import ROOT, fingerprint, stamp
from fcnlib.core.memory import memory_mb
from fcnlib.core.printing import printable
from fcnlib.plan import specs, values
from fcnlib.plan.kinds import planned
from fcnlib.plan.part import part_of_list
from fcnlib.plan.rehearsal import (
    rehearsal_spec,
    rehearsal_values,
    rehearsed_run,
    require_disk,
)
from fcnlib.plan.targets import Targets


def one_line(function, *arguments):
    """What the function returns; a user's mistake ends all in one line, not in a traceback."""
    try:
        return function(*arguments)
    except InputError as error:
        sys.exit(f"error: {printable(error)}")


RAW_CONFIG, SOURCE = one_line(
    read_raw_config, ["config.yaml", *workflow.configfiles], config
)
# `snakemake rehearsal` is short for values of --config, which every job is handed, too.
if "rehearsal" in sys.argv[1:] and workflow.is_main_process:
    short_for = one_line(rehearsal_values, RAW_CONFIG)
    RAW_CONFIG |= short_for
    arguments = (f"{key}={value}" for key, value in short_for.items())
    workflow.config_settings.config_args = [
        *workflow.config_settings.config_args,
        *arguments,
    ]
CONFIG = planned(one_line(load_config, RAW_CONFIG, SOURCE))
config.clear()  # Snakemake has overlaid keys first
config.update(RAW_CONFIG)  # scripts see the studies too
TARGETS = Targets(CONFIG)
PATHS = TARGETS.paths
if CONFIG.archive_folder and workflow.is_main_process:
    from fcnlib.archives.fetch import check_source  # and requests, of no use to jobs

    one_line(check_source, CONFIG.archive_folder)
if CONFIG.rehearses and workflow.is_main_process:
    one_line(require_disk, TARGETS, Path())
CAPTIONS = Path(workflow.basedir) / "workflow" / "report"


# Not all names: Snakemake rewrites a pattern for each file, and there may be a thousand.
NAME = "[A-Za-z0-9_-]+"


def one_of(names):
    """A pattern for these names; for none, one that nothing matches."""
    return "|".join(map(re.escape, names)) or "(?!)"


def none_of(names):
    """A pattern for all names but these."""
    return f"(?!(?:{one_of(names)})/){NAME}"


wildcard_constraints:
    experiment=NAME,
    dataset=one_of(CONFIG.datasets),
    table=one_of(CONFIG.tables),
    figure=one_of(CONFIG.figures),
    backbone="[a-z0-9]+",
    seed=r"\d+",


def requested(rule):
    """What a rule's jobs ask for: half as much more memory on each retry, and no more time."""
    asked = CONFIG.resources(rule)
    if asked is None:
        return {}
    return {
        # Not less than a megabyte: Slurm takes none for all that a node has.
        "mem_mb": lambda wildcards, attempt: asked.mem_mb * (attempt + 1) // 2,
        "runtime": asked.runtime,
    }


# Here, jobs that together ask for more memory than there is do not run at once, and one that asks
# for more than all gets all. A cluster has its own limits, and its profile default resources.
IS_CLUSTER = workflow.nodes is not None and workflow.resource_settings.default_resources
if workflow.is_main_process and not IS_CLUSTER:
    if "mem_mb" not in workflow.global_resources:
        workflow.register_resource("mem_mb", memory_mb())


# On a cluster, a short training and its evaluation are one job. Not longer ones: if one of a group
# fails, all are done again.
TRAINED_AND_SCORED = [CONFIG.resources(rule) for rule in ("train", "evaluate")]
IS_SHORT = all(TRAINED_AND_SCORED) and sum(x.runtime for x in TRAINED_AND_SCORED) <= 60
NET_GROUP = "net-{experiment}-{seed}" if IS_CLUSTER and IS_SHORT else None


def up_to(threads):
    """So many threads; here at most half the cores, as what needs all waits for all to be idle."""
    if IS_CLUSTER or not workflow.is_main_process:
        return threads
    return max(1, min(threads, (workflow.cores or 1) // 2))


def code(rule, without=lambda wildcards: ()):
    """What the rule's script and all it imports do, as a hash: code is an input.

    Of the jobs that there are alone: each job's own Snakemake reads all rules.
    """
    script = Path(workflow.basedir) / "workflow" / "scripts" / f"{rule}.py"

    def hashed(wildcards):
        left_out = frozenset(ROOT / file for file in without(wildcards))
        return fingerprint(script, without=left_out)

    return hashed


def dataset_files(wildcards):
    """What a data set is prepared from.

    A user's folder that is not prepared yet is read first, as `fcn check` reads it: what is wrong
    with it ends the run before any job starts.
    """
    entry = CONFIG.datasets[wildcards.dataset]
    is_new = not Path(PATHS.dataset(wildcards.dataset)).exists()
    if isinstance(entry, FolderDataset) and is_new:
        # Imported here, as NumPy would slow the start of every other job's Snakemake.
        from fcnlib.datasets.converters.folder import read_folder

        one_line(read_folder, entry)
    return TARGETS.dataset_files(wildcards.dataset)


def pictured(image, kind, heading):
    """A picture that Snakemake's report lists below a heading, by its title."""
    return report(
        image,
        caption=f"../report/{kind}.rst",
        category="Figures",
        subcategory=heading,
        labels=titled,
    )


def titled(wildcards):
    """The title of a figure or of its table; the name, as two may have the same title."""
    (kind, name), *_ = wildcards.items()
    entries = CONFIG.tables if kind == "table" else CONFIG.figures
    return {"title": f"{entries[name].title} ({name})"}


def dumped(spec):
    """A model as plain values, which Snakemake can keep and compare; nothing of none."""
    return spec and spec.model_dump(mode="json")
