"""Starting weights, training, and the models that come out of it."""


def starting_weights(wildcards):
    """The classifier's weights, or those of the experiments that this one starts from."""
    net = CONFIG.experiments[wildcards.experiment].net
    if net.start_from == "random":
        return []
    earlier = [f"{RESULTS}/checkpoints/{name}/{wildcards.seed}.pt" for name in net.start_from]
    return earlier or [f"{DATA}/weights/{net.backbone}.pt"]


rule pretrain:
    output:
        weights="data/{scale}/weights/{backbone}.pt",
    log:
        "data/{scale}/logs/pretrain-{backbone}.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        scale="|".join(CONFIG.scales_like("demo")),
    params:
        recipe=CONFIG.pretraining.model_dump(),
        net=CONFIG.classifier(),
        code=code("pretrain"),
    resources:
        gpu=1,
        **CONFIG.scales[CONFIG.scale].train,
    script:
        "../scripts/pretrain.py"


rule import_weights:
    input:
        weights=lambda wildcards: f"{DATA}/archives/{CONFIG.weights[wildcards.backbone]}",
    output:
        weights="data/{scale}/weights/{backbone}.pt",
    log:
        "data/{scale}/logs/import_weights-{backbone}.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        scale="|".join(CONFIG.scales_like("paper")),
    params:
        code=code("import_weights"),
    script:
        "../scripts/import_weights.py"


rule train:
    input:
        dataset=dataset_of,
        weights=starting_weights,
    output:
        checkpoint=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}.pt",
        curve=f"{RESULTS}/curves/{{experiment}}/{{seed}}.csv",
    log:
        f"{RESULTS}/logs/train/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{experiment}}/{{seed}}.tsv"
    conda:
        "../envs/fcnlib.yaml"
    params:
        training=lambda wildcards: CONFIG.training(wildcards.experiment).model_dump(mode="json"),
        code=code("train"),
    threads: lambda wildcards: 1 + CONFIG.experiments[wildcards.experiment].recipe.workers
    resources:
        gpu=1,
        **CONFIG.scales[CONFIG.scale].train,
    script:
        "../scripts/train.py"


rule export:
    input:
        checkpoint=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}.pt",
    output:
        model=f"{RESULTS}/models/{{experiment}}/{{seed}}.ts",
    log:
        f"{RESULTS}/logs/export/{{experiment}}/{{seed}}.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("export"),
    script:
        "../scripts/export.py"
