"""Nets: trained, or made of released weights; and models for use elsewhere."""


# Published classifiers, or what stands in for them.
rule import_weights:
    input:
        weights=lambda w: PATHS.archive(CONFIG.weights[w.backbone]),
    output:
        weights=PATHS.starting_weights(),
    log:
        PATHS.data_log("import_weights", "{backbone}"),
    benchmark:
        PATHS.data_benchmark("import_weights", "{backbone}")
    wildcard_constraints:
        backbone=one_of(TARGETS.imported_backbones),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("import_weights"),
    params:
        code=code("import_weights"),
    script:
        "../scripts/import_weights.py"


rule train:
    input:
        dataset=lambda w: TARGETS.dataset_of(w.experiment),
        hha=lambda w: TARGETS.hha_of([w.experiment]),
        weights=lambda w: TARGETS.starting_weights(w.experiment, w.seed),
    output:
        checkpoint=PATHS.checkpoint(),
        curve=PATHS.curve(),
    log:
        PATHS.run_log("train"),
    benchmark:
        PATHS.run_benchmark("train")
    wildcard_constraints:
        experiment=none_of(TARGETS.released),
    priority: 0.01  # before what no other net waits for
    group:
        NET_GROUP
    conda:
        "../envs/fcnlib.yaml"
    threads: lambda w: 1 + TARGETS.trained[w.experiment].recipe.workers
    resources:
        **requested("train"),
        gpu=1,
        # Not a parameter: nothing is trained again when it changes.
        save_seconds=round(60 * CONFIG.scales[CONFIG.scale].save_minutes),
    params:
        training=lambda w: values.training(CONFIG, w.experiment),
        images=lambda w: CONFIG.images(TARGETS.trained[w.experiment].data.dataset),
        code=code("train"),
    script:
        "../scripts/train.py"


rule convert:
    input:
        weights=lambda w: TARGETS.released_weights(w.experiment, w.seed),
        dataset=lambda w: TARGETS.dataset_of(w.experiment),
    output:
        checkpoint=PATHS.checkpoint(),
    log:
        PATHS.run_log("convert"),
    benchmark:
        PATHS.run_benchmark("convert")
    wildcard_constraints:
        experiment=one_of(TARGETS.released),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("convert"),
    params:
        to=lambda w: TARGETS.released[w.experiment].released.to,
        code=code("convert"),
    script:
        "../scripts/convert.py"


# For use elsewhere: a file that needs PyTorch alone. Nothing here does.
rule export:
    input:
        checkpoint=PATHS.checkpoint(),
    output:
        model=PATHS.model(),
    log:
        PATHS.run_log("export"),
    benchmark:
        PATHS.run_benchmark("export")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("export"),
    params:
        code=code("export"),
    script:
        "../scripts/export.py"
