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


rule draw_voc2010:
    output:
        archive="data/{scale}/archives/VOCtrainval_03-May-2010.tar",
    log:
        "data/{scale}/logs/draw_voc2010.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("context"),
        code=code("draw_voc2010"),
    script:
        "../scripts/draw_voc2010.py"


rule draw_context:
    output:
        archive="data/{scale}/archives/pascal-context-trainval.tar.gz",
    log:
        "data/{scale}/logs/draw_context.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("context"),
        code=code("draw_context"),
    script:
        "../scripts/draw_context.py"


rule draw_voc2012test:
    output:
        archive="data/{scale}/archives/VOC2012test.tar",
    log:
        "data/{scale}/logs/draw_voc2012test.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("test"),
        code=code("draw_voc2012test"),
    script:
        "../scripts/draw_voc2012test.py"


rule draw_nyudv2:
    output:
        labeled="data/{scale}/archives/nyu_depth_v2_labeled.mat",
        splits="data/{scale}/archives/splits.mat",
        mapping="data/{scale}/archives/classMapping40.mat",
    log:
        "data/{scale}/logs/draw_nyudv2.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("rooms"),
        code=code("draw_nyudv2"),
    script:
        "../scripts/draw_nyudv2.py"


rule draw_siftflow:
    output:
        archive="data/{scale}/archives/SiftFlowDataset.zip",
    log:
        "data/{scale}/logs/draw_siftflow.log",
    wildcard_constraints:
        scale=one_of(CONFIG.scales_like("demo")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        drawn=drawn_values("outdoor"),
        code=code("draw_siftflow"),
    script:
        "../scripts/draw_siftflow.py"


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


rule hha:
    input:
        dataset=f"{DATA}/{{dataset}}/dataset.json",
    output:
        info=f"{DATA}/{{dataset}}/hha.json",
    log:
        f"{DATA}/logs/hha-{{dataset}}.log",
    benchmark:
        f"{DATA}/benchmarks/hha/{{dataset}}.tsv"
    conda:
        "../envs/fcnlib.yaml"
    threads: 16
    params:
        code=code("hha"),
    script:
        "../scripts/hha.py"
