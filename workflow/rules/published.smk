"""What is downloaded: archives, classifiers to start from, released nets."""


localrules:
    # A node of a cluster may not reach the internet.
    download,


rule download:
    output:
        archive=PATHS.archive(),
    log:
        PATHS.data_log("download", "{archive}"),
    benchmark:
        PATHS.data_benchmark("download", "{archive}")
    wildcard_constraints:
        archive="[^/]+",
    retries: 2
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("download"),
        download=1,
    script:
        "../scripts/download.py"


# A file that lay there already was not downloaded, and so not checked.
rule verify:
    input:
        archive=PATHS.archive(),
    output:
        record=PATHS.verified(),
    log:
        PATHS.data_log("verify", "{archive}"),
    benchmark:
        PATHS.data_benchmark("verify", "{archive}")
    wildcard_constraints:
        archive="[^/]+",
    priority: 1  # before hours of training
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("verify"),
    params:
        code=code("verify"),
    script:
        "../scripts/verify.py"
