"""Every table and figure of the paper: `snakemake all`, on a cluster `--profile slurm`."""


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    data,
    models,
    metrics,


rule all:
    input:
        page=f"{RESULTS}/index.html",
        report=f"{RESULTS}/report.html",
        results=f"{RESULTS}/results.csv",
    default_target: True


rule data:
    input:
        datasets=expand(f"{DATA}/{{dataset}}/dataset.json", dataset=CONFIG.datasets),


rule models:
    input:
        models=runs("models", "ts", NETS),


rule metrics:
    input:
        metrics=runs("metrics", "json", CONFIG.experiments),
