"""The configuration and the few functions that more than one rule uses."""

import re
import sys
from pathlib import Path
from typing import get_args

from fcnlib.report.claims import check_claims, read_claims
from fcnlib.config.columns import TestServerMetric
from fcnlib.core.errors import InputError
from fcnlib.config.load import load
from fcnlib.config.yaml_files import merged
from fcnlib.core.files import sha256
from fcnlib.core.fingerprint import ROOT, fingerprint, stamp

CLAIMS = "claims.yaml"
# Snakemake lists config.yaml last, though all others are laid over it.
CONFIGFILES = [*workflow.configfiles[-1:], *workflow.configfiles[:-1]]
try:
    MERGED = merged(CONFIGFILES, config)
    CONFIG = load(MERGED, " + ".join(map(str, CONFIGFILES)))
    check_claims(read_claims(CLAIMS), MERGED, CLAIMS)
except InputError as error:
    sys.exit(f"error: {error}")  # one line, where a traceback would bury it
DATA = f"data/{CONFIG.scale}"
RESULTS = f"results/{CONFIG.scale}"
LIKE = CONFIG.scales[CONFIG.scale].like


def listed(holds):
    """The experiments of which this holds, in their order; by name, to be looked up fast."""
    return {name: entry for name, entry in CONFIG.experiments.items() if holds(entry)}


# Nets that are trained, nets whose weights are published, and both: what has a checkpoint.
TRAINED = listed(lambda entry: entry.net)
PUBLISHED = listed(lambda entry: entry.weights)
NETS = listed(lambda entry: entry.net or entry.weights)
# Rows that score the net of another one: they have none of their own.
TESTED = listed(lambda entry: entry.tested)
SCORED = {**NETS, **TESTED}
DOWNLOADED = [entry.weights.file for entry in PUBLISHED.values() if LIKE == "paper"]
BACKBONES = sorted(
    {entry.net.backbone for entry in TRAINED.values() if entry.net.start_from == ()}
)
BOUNDS = listed(lambda entry: entry.oracle)
TIMED = listed(lambda entry: entry.timing)
# All rows but those of others' published numbers.
MEASURED = listed(lambda e: e.net or e.weights or e.tested or e.oracle or e.timing)
WITH_HHA = sorted(
    {
        entry.data.dataset
        for entry in CONFIG.experiments.values()
        if entry.data and "hha" in entry.data.inputs
    }
)


def one_of(names):
    """A pattern for these names; for none, one that nothing matches."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    experiment=one_of(CONFIG.experiments),
    dataset=one_of(CONFIG.datasets),
    table=one_of(CONFIG.tables),
    figure=one_of(CONFIG.figures),
    backbone="[a-z0-9]+",
    seed=r"\d+",


def growing(resources):
    """The same with half as much more memory on each retry; as training goes on, no more time."""
    if "mem_mb" not in resources:
        return resources
    half = resources["mem_mb"] // 2
    return {**resources, "mem_mb": lambda wildcards, attempt: half * (attempt + 1)}


def code(rule):
    """What the rule's script and all it imports do, as a hash: code is an input."""
    return fingerprint(Path(workflow.basedir) / "workflow" / "scripts" / f"{rule}.py")


def contents(folder):
    """The files of a folder as hashes: templates and captions make a page as code does."""
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


def drawn_values(kind):
    """How to draw these scenes: chance, counts, sizes."""
    return {"seed": CONFIG.drawn.seed, **getattr(CONFIG.drawn, kind).model_dump()}


def dataset_of(experiment):
    return f"{DATA}/{CONFIG.experiments[experiment].data.dataset}/dataset.json"


def hha_of(experiment):
    """What says that every image's HHA is there, if the experiment sees it."""
    data = CONFIG.experiments[experiment].data
    return [f"{DATA}/{data.dataset}/hha.json"] if "hha" in data.inputs else []


def hha_of_all(experiments):
    return sorted({file for name in experiments for file in hha_of(name)})


def net_of(experiment):
    """The experiment whose net this one scores: itself, or the one that it names."""
    tested = CONFIG.experiments[experiment].tested
    return tested.net if tested else experiment


def net_scored(wildcards):
    name = net_of(wildcards.experiment)
    return f"{RESULTS}/checkpoints/{name}/{wildcards.seed}.pt"


def training_values(experiment):
    """The slice that training depends on: data, net and recipe."""
    return CONFIG.training(experiment).model_dump(mode="json")


def scoring_values(experiment):
    """What a net is and what it is scored on: how it was trained, or where it was published."""
    entry = CONFIG.experiments[experiment]
    kinds = {"data", "net", "recipe", "weights", "tested"}
    values = entry.model_dump(mode="json", include=kinds, exclude_none=True)
    if entry.tested:
        values["trained"] = training_values(entry.tested.net)
    return values


def data_values(experiment):
    return CONFIG.experiments[experiment].data.model_dump(mode="json")


def runs(kind, suffix, experiments, seeds=CONFIG.seeds):
    """The files of one kind of these experiments, for every seed; only training knows chance."""
    return [
        f"{RESULTS}/{kind}/{name}/{seed}.{suffix}"
        for name in experiments
        for seed in (seeds if net_of(name) in TRAINED else seeds[:1])
    ]


def first_run(kind, suffix, experiments):
    """The same for the first seed, where one run has to stand for all."""
    return runs(kind, suffix, experiments, CONFIG.seeds[:1])


def first_nets(experiments):
    """The nets that these experiments score, of the first seed."""
    return first_run("checkpoints", "pt", map(net_of, experiments))


def dataset_inputs(wildcards):
    """A data set's archives, or a user's folders and lists."""
    dataset = CONFIG.datasets[wildcards.dataset]
    if dataset.converter == "folder":
        return dataset.files()
    return [f"{DATA}/archives/{name}" for name in dataset.archives]


def stamp_of(wildcards):
    """Of a user's images and masks, as an edited mask does not change its folder's date."""
    dataset = CONFIG.datasets[wildcards.dataset]
    return stamp(dataset.files()) if dataset.converter == "folder" else ""


def starting_weights(wildcards):
    """The classifier's weights, or those of the experiments that this one starts from."""
    net = CONFIG.experiments[wildcards.experiment].net
    if net.start_from == "random":
        return []
    earlier = [
        f"{RESULTS}/checkpoints/{name}/{wildcards.seed}.pt" for name in net.start_from
    ]
    return earlier or [f"{DATA}/weights/{net.backbone}.pt"]


def published_weights(wildcards):
    """The file of published weights: downloaded, or written from a net of ours."""
    file = CONFIG.experiments[wildcards.experiment].weights.file
    if LIKE == "paper":
        return f"{DATA}/archives/{file}"
    return f"{RESULTS}/checkpoints/{wildcards.experiment}/{wildcards.seed}/{file}"


def written_from(wildcards):
    name = CONFIG.experiments[wildcards.experiment].weights.written_from
    return f"{RESULTS}/checkpoints/{name}/{wildcards.seed}.pt"


def in_table(table):
    """The experiments that are rows of a table, in the order of the list."""
    return [name for name, entry in CONFIG.experiments.items() if table in entry.tables]


def measured_in(table):
    return [name for name in in_table(table) if name in MEASURED]


def scored_in(table):
    return [name for name in in_table(table) if name in SCORED]


def trained_in(table):
    return [name for name in in_table(table) if name in TRAINED]


def nets_of(figure):
    return CONFIG.figures[figure].experiments


def table_spec(table):
    """A table as it is shown: its heading, and its rows with the published numbers."""
    return {
        "name": table,
        **CONFIG.tables[table].model_dump(exclude={"section"}),
        "images": table_images(table),
        "rows": [row_spec(name, table) for name in in_table(table)],
    }


def row_spec(experiment, table=""):
    """A row with its published numbers, and the bound or the stride that it is of."""
    entry = CONFIG.experiments[experiment]
    net = CONFIG.experiments[net_of(experiment)].net
    return {
        **net_spec(experiment, table),
        "paper": entry.paper,
        "oracle": entry.oracle and entry.oracle.model_dump(),
        "stride": net and net.stride,
    }


def table_images(table):
    """Whose images a table's numbers are of."""
    entries = [CONFIG.experiments[name] for name in in_table(table)]
    datasets = [entry.data.dataset for entry in entries if entry.data]
    if not datasets:
        return "none"
    if "folder" in [CONFIG.datasets[name].converter for name in datasets]:
        return "own"
    return "drawn" if LIKE == "demo" else "published"


def nets_spec(table, names):
    """These nets of a table, without a number that may change."""
    return {"name": table, "nets": [net_spec(name, table) for name in names]}


def figure_spec(figure):
    """A figure as it is shown: its heading, its nets and their columns."""
    entry = CONFIG.figures[figure]
    nets = [net_spec(name) for name in entry.experiments]
    said = entry.model_dump(mode="json", include={"title", "images", "columns", "note"})
    return {**said, "nets": nets}


def examples_spec(table):
    """The nets of a table that label images side by side."""
    nets = [net_spec(name, table) for name in scored_in(table)]
    return {"table": table, "nets": nets}


def losses_spec(figure):
    """Nets and what their losses are drawn against."""
    entry = CONFIG.figures[figure]
    nets = [net_spec(name) for name in entry.experiments]
    return {"title": entry.title, "against": entry.against, "nets": nets}


def chart_spec(figure):
    """A heading and rows, whatever is drawn of them."""
    entry = CONFIG.figures[figure]
    return {"title": entry.title, "rows": [row_spec(x) for x in entry.experiments]}


def tables_of(figure):
    """The tables that a figure names, or all with a mean IU."""
    return CONFIG.figures[figure].tables or [
        name for name, table in CONFIG.tables.items() if "mean_iu" in table.columns
    ]


def overview_spec(figure):
    """A heading and the tables below it."""
    tables = [
        {"name": name, "title": CONFIG.tables[name].title} for name in tables_of(figure)
    ]
    return {"title": CONFIG.figures[figure].title, "tables": tables}


def figures_of(kind):
    """The figures of one kind, as each kind is drawn by its own rule."""
    return [name for name, entry in CONFIG.figures.items() if entry.kind == kind]


def net_spec(experiment, table=""):
    """An experiment as a table shows it: name, tasks, the images its snapshot is picked on."""
    entry = CONFIG.experiments[experiment]
    picked_on = None
    if net_of(experiment) in TRAINED:
        own = CONFIG.experiments[net_of(experiment)].data
        validated = (own.dataset, own.validate_on or own.test)
        on_test = validated == (entry.data.dataset, entry.data.test)
        picked_on = "test" if on_test else "validation"
    return {
        "experiment": experiment,
        "row": entry.rows.get(table, entry.row),
        "picked_on": picked_on,
        "tasks": entry.data.tasks if entry.data else (),
        "mask": entry.data.test_mask if entry.data else "none",
    }


WITH_SCORES = [table for table in CONFIG.tables if scored_in(table)]
WITH_CURVES = [table for table in CONFIG.tables if trained_in(table)]
# Tables of published weights alone: `snakemake zoo` makes them and trains nothing for it.
ZOO = [table for table in CONFIG.tables if set(in_table(table)) <= PUBLISHED.keys()]
# Those of published weights show what the nets that they were written from show.
WITH_EXAMPLES = [table for table in WITH_SCORES if table not in ZOO]
# Nets in tables of scores that only the evaluation server can tell.
SUBMITTED = [
    name
    for name in NETS
    for table in CONFIG.experiments[name].tables
    if set(CONFIG.tables[table].columns) & set(get_args(TestServerMetric))
]
WITH_BOUNDS = [table for table in CONFIG.tables if set(in_table(table)) & BOUNDS.keys()]
# Without suffix: a picture and the card that describes it.
FIGURES = [
    *(
        f"{RESULTS}/figures/{entry.kind}/{name}"
        for name, entry in CONFIG.figures.items()
    ),
    *expand(f"{RESULTS}/figures/curves/{{table}}", table=WITH_CURVES),
    *expand(f"{RESULTS}/figures/class_iu/{{table}}", table=WITH_SCORES),
    *expand(f"{RESULTS}/figures/bounds/{{table}}", table=WITH_BOUNDS),
    *expand(f"{RESULTS}/figures/examples/{{table}}", table=WITH_EXAMPLES),
]
DATA_BENCHMARKS = [
    *expand(f"{DATA}/benchmarks/prepare/{{dataset}}.tsv", dataset=CONFIG.datasets),
    *expand(f"{DATA}/benchmarks/hha/{{dataset}}.tsv", dataset=WITH_HHA),
    *expand(f"{DATA}/benchmarks/weights/{{backbone}}.tsv", backbone=BACKBONES),
]
# Of all jobs that take more than a second or two, but training.
BENCHMARKS = [
    *DATA_BENCHMARKS,
    *runs("benchmarks/evaluate", "tsv", SCORED),
    *runs("benchmarks/time", "tsv", TIMED),
    *runs("benchmarks/upper_bound", "tsv", BOUNDS),
    *runs("benchmarks/convert", "tsv", PUBLISHED),
    *expand(f"{RESULTS}/benchmarks/examples/{{name}}.tsv", name=WITH_EXAMPLES),
    *expand(
        f"{RESULTS}/benchmarks/comparison/{{name}}.tsv", name=figures_of("comparison")
    ),
]
# Exact whatever was laid over config.yaml, by files or on the command line.
COMMANDS = [
    f"snakemake all --configfile {RESULTS}/config.json",
    f"snakemake --profile slurm all --configfile {RESULTS}/config.json",
]
if CONFIG.scale == "demo" and MERGED == merged(CONFIGFILES[:1]):
    COMMANDS.insert(0, "make demo")
