"""What is downloaded: archives, classifiers to start from, released nets."""


localrules:
    # A node of a cluster may not reach the internet.
    download,


rule download:
    output:
        archive=PATHS.archive(),
    log:
        PATHS.data_log("download", "{archive}"),
    wildcard_constraints:
        archive="[^/]+",
    retries: 2
    conda:
        "../envs/fcnlib.yaml"
    resources:
        download=1,
    script:
        "../scripts/download.py"


rule import_weights:
    input:
        weights=lambda w: PATHS.archive(CONFIG.weights[w.backbone]),
    output:
        weights=PATHS.starting_weights(),
    log:
        PATHS.data_log("import_weights", "{backbone}"),
    benchmark:
        PATHS.data_benchmark("weights", "{backbone}")
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("import_weights"),
    script:
        "../scripts/import_weights.py"
