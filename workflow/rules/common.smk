"""The configuration, what follows from it, and the few functions that more than one rule uses."""

import sys
import threading
from functools import partial
from pathlib import Path

from fcnlib.config.converters import other_converters
from fcnlib.config.load import load_config
from fcnlib.config.studies import read_raw_config
from fcnlib.core.errors import InputError
from fcnlib.core.files import sha256
from fcnlib.core.fingerprint import ROOT, fingerprint, stamp
from fcnlib.core.memory import memory_mb
from fcnlib.core.printing import printable
from fcnlib.plan import specs, values
from fcnlib.plan.job_resources import are_short, resources_of, threads_up_to
from fcnlib.plan.kinds import planned
from fcnlib.plan.part import part_of_list
from fcnlib.plan.patterns import NAME, none_of, one_of
from fcnlib.plan.rehearsal import (
    rehearsal_spec,
    rehearsal_values,
    rehearsed_run,
    require_disk,
)
from fcnlib.plan.targets import Targets
from fcnlib.plan.user_folders import require_readable


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


wildcard_constraints:
    experiment=NAME,
    dataset=one_of(CONFIG.datasets),
    table=one_of(CONFIG.tables),
    figure=one_of(CONFIG.figures),
    backbone="[a-z0-9]+",
    seed=r"\d+",


requested = partial(resources_of, CONFIG)

# Here, jobs that together ask for more memory than there is do not run at once, and one that asks
# for more than all gets all. A cluster has its own limits, and its profile default resources.
IS_CLUSTER = workflow.nodes is not None and workflow.resource_settings.default_resources
IS_HERE = workflow.is_main_process and not IS_CLUSTER
if IS_HERE and "mem_mb" not in workflow.global_resources:
    workflow.register_resource("mem_mb", memory_mb())
up_to = partial(threads_up_to, cores=(workflow.cores or 1) if IS_HERE else None)


# On a cluster, a short training and its evaluation are one job. Not longer ones: if one of a group
# fails, all are done again.
IS_SHORT = are_short(CONFIG, ["train", "evaluate"])
NET_GROUP = "net-{experiment}-{seed}" if IS_CLUSTER and IS_SHORT else None


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
    """What a data set is prepared from; a folder that cannot be read ends the run before any job."""
    one_line(require_readable, TARGETS, wildcards.dataset)
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
    """The title of a figure or of its table."""
    (kind, name), *_ = wildcards.items()
    return {"title": TARGETS.title(kind, name)}


def dumped(spec):
    """A model as plain values, which Snakemake can keep and compare; nothing of none."""
    return spec and spec.model_dump(mode="json")


def stop_timers():
    """Stop the timers by which Snakemake looks for jobs again: it waits for them as it ends."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


onsuccess:
    stop_timers()


onerror:
    stop_timers()
