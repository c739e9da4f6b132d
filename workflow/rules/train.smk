"""Starting weights, training, and the models that come out of it."""


rule pretrain:
    output:
        weights="data/{scale}/weights/{backbone}.pt",
    log:
        "data/{scale}/logs/pretrain-{backbone}.log",
    benchmark:
        "data/{scale}/benchmarks/weights/{backbone}.tsv"
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **growing(CONFIG.scales[CONFIG.scale].train),
        gpu=1,
    params:
        recipe=lambda wildcards: CONFIG.pretraining_of(wildcards.backbone).model_dump(),
        net=lambda wildcards: CONFIG.classifier(wildcards.backbone),
        code=code("pretrain"),
    script:
        "../scripts/pretrain.py"


rule import_weights:
    input:
        weights=lambda wildcards: f"{DATA}/archives/{CONFIG.weights[wildcards.backbone]}",
    output:
        weights="data/{scale}/weights/{backbone}.pt",
    log:
        "data/{scale}/logs/import_weights-{backbone}.log",
    benchmark:
        "data/{scale}/benchmarks/weights/{backbone}.tsv"
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("paper")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("import_weights"),
    script:
        "../scripts/import_weights.py"


rule train:
    input:
        dataset=lambda wildcards: dataset_of(wildcards.experiment),
        hha=lambda wildcards: hha_of(wildcards.experiment),
        weights=starting_weights,
    output:
        checkpoint=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}.pt",
        curve=f"{RESULTS}/curves/{{experiment}}/{{seed}}.csv",
    log:
        f"{RESULTS}/logs/train/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{experiment}}/{{seed}}.tsv"
    wildcard_constraints:
        experiment=one_of(TRAINED),
    conda:
        "../envs/fcnlib.yaml"
    threads: lambda wildcards: 1 + CONFIG.experiments[wildcards.experiment].recipe.workers
    resources:
        **growing(CONFIG.scales[CONFIG.scale].train),
        gpu=1,
    params:
        training=lambda wildcards: training_values(wildcards.experiment),
        code=code("train"),
    script:
        "../scripts/train.py"


# Where nothing is downloaded, our own net in the published format takes a file's place.
rule publish:
    input:
        checkpoint=written_from,
    output:
        weights=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}/{{file}}.caffemodel",
    log:
        f"{RESULTS}/logs/publish/{{experiment}}/{{seed}}-{{file}}.log",
    wildcard_constraints:
        experiment=one_of(PUBLISHED),
        file="[^/]+",
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("publish"),
    script:
        "../scripts/publish.py"


rule convert:
    input:
        weights=published_weights,
        dataset=lambda wildcards: dataset_of(wildcards.experiment),
    output:
        checkpoint=f"{RESULTS}/checkpoints/{{experiment}}/{{seed}}.pt",
    log:
        f"{RESULTS}/logs/convert/{{experiment}}/{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/convert/{{experiment}}/{{seed}}.tsv"
    wildcard_constraints:
        experiment=one_of(PUBLISHED),
    conda:
        "../envs/fcnlib.yaml"
    params:
        to=lambda wildcards: CONFIG.experiments[wildcards.experiment].weights.to,
        code=code("convert"),
    script:
        "../scripts/convert.py"


# For use elsewhere: a file that needs PyTorch alone. Nothing here does.
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
