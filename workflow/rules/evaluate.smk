"""Confusion counts and scores of every row."""


rule evaluate:
    input:
        net=net_scored,
        dataset=lambda wildcards: dataset_of(wildcards.experiment),
        hha=lambda wildcards: hha_of(wildcards.experiment),
    output:
        metrics=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.json",
        counts=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.npz",
    log:
        f"{RESULTS}/logs/evaluate/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{experiment}}/{{seed}}.tsv"
    wildcard_constraints:
        experiment=one_of(SCORED),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        gpu=1,
    params:
        values=lambda wildcards: scoring_values(wildcards.experiment),
        side=CONFIG.scales[CONFIG.scale].forward_side,
        code=code("evaluate"),
    script:
        "../scripts/evaluate.py"


rule upper_bound:
    input:
        dataset=lambda wildcards: dataset_of(wildcards.experiment),
    output:
        metrics=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.json",
        counts=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.npz",
    log:
        f"{RESULTS}/logs/upper_bound/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/upper_bound/{{experiment}}/{{seed}}.tsv"
    wildcard_constraints:
        experiment=one_of(BOUNDS),
    conda:
        "../envs/fcnlib.yaml"
    params:
        data=lambda wildcards: data_values(wildcards.experiment),
        oracle=lambda wildcards: CONFIG.experiments[
            wildcards.experiment
        ].oracle.model_dump(),
        code=code("upper_bound"),
    script:
        "../scripts/upper_bound.py"


rule time:
    output:
        metrics=f"{RESULTS}/metrics/{{experiment}}/{{seed}}.json",
    log:
        f"{RESULTS}/logs/time/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/time/{{experiment}}/{{seed}}.tsv"
    wildcard_constraints:
        experiment=one_of(TIMED),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        gpu=1,
    params:
        timing=lambda wildcards: CONFIG.experiments[
            wildcards.experiment
        ].timing.model_dump(mode="json"),
        code=code("time"),
    script:
        "../scripts/time.py"


# For the tables of scores that only PASCAL's evaluation server can tell.
rule submit:
    input:
        net=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}.pt",
        photographs=f"{DATA}/archives/VOC2012test.tar",
    output:
        archive=f"{RESULTS}/submissions/{{experiment}}/{{seed}}.tgz",
    log:
        f"{RESULTS}/logs/submit/{{experiment}}/{{seed}}.log",
    wildcard_constraints:
        experiment=one_of(SUBMITTED),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        gpu=1,
    params:
        year=2012,
        code=code("submit"),
    script:
        "../scripts/submit.py"
