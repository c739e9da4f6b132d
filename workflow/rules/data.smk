"""Archives, drawn or downloaded under the same names, and the prepared data sets."""


rule draw_voc:
    output:
        archive="data/{scale}/archives/VOCtrainval_25-May-2011.tar",
    log:
        "data/{scale}/logs/draw_voc.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("scenes"),
        code=code("draw_voc"),
    script:
        "../scripts/draw_voc.py"


rule draw_sbd:
    output:
        archive="data/{scale}/archives/benchmark.tgz",
    log:
        "data/{scale}/logs/draw_sbd.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("scenes"),
        code=code("draw_sbd"),
    script:
        "../scripts/draw_sbd.py"


rule download:
    output:
        archive="data/{scale}/archives/{archive}",
    log:
        "data/{scale}/logs/download-{archive}.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("paper")),
        archive="[^/]+",
    retries: 2
    conda:
        "../envs/fcnlib.yaml"
    resources:
        download=1,
    script:
        "../scripts/download.py"


rule prepare:
    input:
        files=dataset_inputs,
    output:
        dataset=f"{DATA}/{{dataset}}/dataset.json",
    log:
        f"{DATA}/logs/prepare-{{dataset}}.log",
    benchmark:
        f"{DATA}/benchmarks/prepare/{{dataset}}.tsv"
    conda:
        "../envs/fcnlib.yaml"
    threads: 2
    params:
        values=lambda wildcards: CONFIG.datasets[wildcards.dataset].model_dump(
            mode="json"
        ),
        files=stamp_of,
        code=code("prepare"),
    script:
        "../scripts/prepare.py"
