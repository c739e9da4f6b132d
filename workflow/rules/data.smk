"""Prepared data sets, and the encoding of their depth."""


rule prepare:
    input:
        files=dataset_files,
    output:
        dataset=PATHS.dataset(),
    log:
        PATHS.data_log("prepare", "{dataset}"),
    benchmark:
        PATHS.data_benchmark("prepare", "{dataset}")
    conda:
        "../envs/fcnlib.yaml"
    threads: up_to(2)
    resources:
        **requested("prepare"),
    params:
        values=lambda w: values.dataset(CONFIG, w.dataset),
        # As an edited mask does not change its folder's date.
        files=lambda w: stamp(TARGETS.folders(w.dataset)),
        # Its own converter alone: another one's class list changes nothing here.
        code=code("prepare", lambda w: other_converters(CONFIG.datasets[w.dataset])),
    script:
        "../scripts/prepare.py"


rule hha:
    input:
        dataset=PATHS.dataset(),
    output:
        info=PATHS.hha(),
    log:
        PATHS.data_log("hha", "{dataset}"),
    benchmark:
        PATHS.data_benchmark("hha", "{dataset}")
    conda:
        "../envs/fcnlib.yaml"
    threads: up_to(16)
    resources:
        **requested("hha"),
    params:
        code=code("hha"),
    script:
        "../scripts/hha.py"
