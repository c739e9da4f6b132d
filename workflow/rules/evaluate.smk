"""Confusion counts and scores of every row."""


rule evaluate:
    input:
        model=f"{RESULTS}/models/{{experiment}}/{{seed}}.ts",
        dataset=dataset_of,
    output:
        metrics=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.json",
        counts=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.npz",
    log:
        f"{RESULTS}/logs/evaluate/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{experiment}}/{{seed}}.tsv"
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        experiment="|".join(NETS),
    params:
        data=lambda wildcards: CONFIG.experiments[wildcards.experiment].data.model_dump(),
        code=code("evaluate"),
    resources:
        gpu=1,
    script:
        "../scripts/evaluate.py"


rule upper_bound:
    input:
        dataset=dataset_of,
    output:
        metrics=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.json",
        counts=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.npz",
    log:
        f"{RESULTS}/logs/upper_bound/{{experiment}}/{{seed}}.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        experiment="|".join(BOUNDS),
    params:
        data=lambda wildcards: CONFIG.experiments[wildcards.experiment].data.model_dump(),
        factor=lambda wildcards: CONFIG.experiments[wildcards.experiment].oracle.factor,
        code=code("upper_bound"),
    script:
        "../scripts/upper_bound.py"
