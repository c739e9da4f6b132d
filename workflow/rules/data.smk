"""Archives, drawn or downloaded under the same names, and the prepared data sets."""


def dataset_inputs(wildcards):
    """A data set's archives, or a user's folders and lists."""
    dataset = CONFIG.datasets[wildcards.dataset]
    if dataset.converter == "folder":
        return dataset.files()
    return [f"{DATA}/archives/{name}" for name in dataset.archives]


rule draw_voc:
    output:
        archive="data/{scale}/archives/VOCtrainval_25-May-2011.tar",
    log:
        "data/{scale}/logs/draw_voc.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        scale="|".join(CONFIG.scales_like("demo")),
    params:
        drawn=CONFIG.drawn.model_dump(),
        code=code("draw_voc"),
    script:
        "../scripts/draw_voc.py"


rule draw_sbd:
    output:
        archive="data/{scale}/archives/benchmark.tgz",
    log:
        "data/{scale}/logs/draw_sbd.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        scale="|".join(CONFIG.scales_like("demo")),
    params:
        drawn=CONFIG.drawn.model_dump(),
        code=code("draw_sbd"),
    script:
        "../scripts/draw_sbd.py"


rule download:
    output:
        archive="data/{scale}/archives/{archive}",
    log:
        "data/{scale}/logs/download-{archive}.log",
    conda:
        "../envs/fcnlib.yaml"
    wildcard_constraints:
        scale="|".join(CONFIG.scales_like("paper")),
        archive="[^/]+",
    params:
        folder=CONFIG.archives,
    retries: 2
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
    conda:
        "../envs/fcnlib.yaml"
    params:
        values=lambda wildcards: CONFIG.datasets[wildcards.dataset].model_dump(mode="json"),
        code=code("prepare"),
    threads: 2
    script:
        "../scripts/prepare.py"
