"""Every table and figure of the paper: `snakemake all`, on a cluster `--profile slurm`."""


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    data,
    checkpoints,
    models,
    metrics,
    zoo,
    submission,
    export,
    # A node of a cluster may not reach the internet; and what takes a second need not queue.
    download,
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
    page,
    configuration,
    report_items,
    report,


rule all:
    default_target: True
    input:
        page=f"{RESULTS}/index.html",
        report=f"{RESULTS}/report.html",
        results=f"{RESULTS}/results.csv",
        claims=f"{RESULTS}/claims.json",
        times=f"{RESULTS}/times.md",


rule data:
    input:
        datasets=expand(f"{DATA}/{{dataset}}/dataset.json", dataset=CONFIG.datasets),
        hha=expand(f"{DATA}/{{dataset}}/hha.json", dataset=WITH_HHA),
        weights=expand(f"{DATA}/weights/{{backbone}}.pt", backbone=BACKBONES),
        published=[f"{DATA}/archives/{file}" for file in DOWNLOADED],


rule zoo:
    input:
        metrics=runs("metrics", "json", PUBLISHED),
        tables=expand(f"{RESULTS}/tables/{{table}}.csv", table=ZOO),


rule submission:
    input:
        archives=runs("submissions", "tgz", SUBMITTED),


rule checkpoints:
    input:
        checkpoints=runs("checkpoints", "pt", NETS),


rule models:
    input:
        models=runs("models", "ts", NETS),


rule metrics:
    input:
        metrics=runs("metrics", "json", MEASURED),
