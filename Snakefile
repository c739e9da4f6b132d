"""Every table and figure of the paper: `snakemake all`, on a cluster `--profile slurm`."""


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: f"workflow/rules/{CONFIG.archives}.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/rehearsal.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    rehearsal,
    data,
    checkpoints,
    models,
    metrics,
    zoo,
    submission,
    # What takes a second need not queue.
    table,
    results,
    claims,
    curves,
    class_iu,
    bounds,
    losses,
    gaps,
    momentum,
    ablation,
    times,
    rehearsal_report,
    page,
    configuration,
    report_items,
    report,


rule all:
    default_target: True
    input:
        page=PATHS.page,
        report=PATHS.report,
        results=PATHS.results_csv,
        claims=PATHS.claims,
        times=PATHS.times,
        # As all else is up to date after `fcn fetch --retry`.
        released=expand(PATHS.archive(), archive=TARGETS.downloaded_nets),
        rehearsal=TARGETS.rehearsal_files,


# `snakemake rehearsal` is at a scale that rehearses, with a row of each kind: common.smk.
rule rehearsal:
    input:
        rules.all.input,


rule data:
    input:
        datasets=expand(PATHS.dataset(), dataset=CONFIG.datasets),
        hha=expand(PATHS.hha(), dataset=TARGETS.datasets_with_hha),
        weights=expand(PATHS.starting_weights(), backbone=TARGETS.backbones),
        released=expand(PATHS.archive(), archive=TARGETS.downloaded_nets),


rule zoo:
    input:
        metrics=TARGETS.runs(PATHS.metrics, TARGETS.released),
        released=expand(PATHS.archive(), archive=TARGETS.downloaded_nets),
        tables=expand(PATHS.table_csv(), table=TARGETS.tables_of_released),


rule submission:
    input:
        archives=TARGETS.runs(PATHS.submission, TARGETS.submitted),


rule checkpoints:
    input:
        checkpoints=TARGETS.runs(PATHS.checkpoint, TARGETS.nets),


rule models:
    input:
        models=TARGETS.runs(PATHS.model, TARGETS.nets),


rule metrics:
    input:
        metrics=TARGETS.runs(PATHS.metrics, TARGETS.measured),
