"""What takes the place of downloads: synthetic archives, classifiers and nets of our own."""


rule synthetic_voc:
    output:
        archive=PATHS.archive("VOCtrainval_25-May-2011.tar"),
    log:
        PATHS.data_log("synthetic_voc"),
    benchmark:
        PATHS.data_benchmark("synthetic_voc")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_voc"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.scenes),
        code=code("synthetic_voc"),
    script:
        "../scripts/synthetic_voc.py"


rule synthetic_sbd:
    output:
        archive=PATHS.archive("benchmark.tgz"),
    log:
        PATHS.data_log("synthetic_sbd"),
    benchmark:
        PATHS.data_benchmark("synthetic_sbd")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_sbd"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.scenes),
        code=code("synthetic_sbd"),
    script:
        "../scripts/synthetic_sbd.py"


rule synthetic_voc2010:
    output:
        archive=PATHS.archive("VOCtrainval_03-May-2010.tar"),
    log:
        PATHS.data_log("synthetic_voc2010"),
    benchmark:
        PATHS.data_benchmark("synthetic_voc2010")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_voc2010"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.context),
        code=code("synthetic_voc2010"),
    script:
        "../scripts/synthetic_voc2010.py"


rule synthetic_context:
    output:
        archive=PATHS.archive("pascal-context-trainval.tar.gz"),
    log:
        PATHS.data_log("synthetic_context"),
    benchmark:
        PATHS.data_benchmark("synthetic_context")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_context"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.context),
        code=code("synthetic_context"),
    script:
        "../scripts/synthetic_context.py"


rule synthetic_voc2012test:
    output:
        archive=PATHS.archive("VOC2012test.tar"),
    log:
        PATHS.data_log("synthetic_voc2012test"),
    benchmark:
        PATHS.data_benchmark("synthetic_voc2012test")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_voc2012test"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.test),
        code=code("synthetic_voc2012test"),
    script:
        "../scripts/synthetic_voc2012test.py"


rule synthetic_nyudv2:
    output:
        labeled=PATHS.archive("nyu_depth_v2_labeled.mat"),
        splits=PATHS.archive("splits.mat"),
        mapping=PATHS.archive("classMapping40.mat"),
    log:
        PATHS.data_log("synthetic_nyudv2"),
    benchmark:
        PATHS.data_benchmark("synthetic_nyudv2")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_nyudv2"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.rooms),
        code=code("synthetic_nyudv2"),
    script:
        "../scripts/synthetic_nyudv2.py"


rule synthetic_siftflow:
    output:
        archive=PATHS.archive("SiftFlowDataset.zip"),
    log:
        PATHS.data_log("synthetic_siftflow"),
    benchmark:
        PATHS.data_benchmark("synthetic_siftflow")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("synthetic_siftflow"),
    params:
        scenes=values.synthetic(CONFIG, CONFIG.synthetic.outdoor),
        code=code("synthetic_siftflow"),
    script:
        "../scripts/synthetic_siftflow.py"


rule pretrain:
    output:
        weights=PATHS.starting_weights(),
    log:
        PATHS.data_log("pretrain", "{backbone}"),
    benchmark:
        PATHS.data_benchmark("pretrain", "{backbone}")
    wildcard_constraints:
        backbone=one_of(TARGETS.pretrained_backbones),
    priority: lambda w: TARGETS.share_of_nets(w.backbone)  # first what most nets wait for
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("pretrain"),
        gpu=1,
    params:
        recipe=lambda w: values.pretraining(CONFIG, w.backbone),
        net=lambda w: CONFIG.classifier(w.backbone),
        code=code("pretrain"),
    script:
        "../scripts/pretrain.py"


# Where no classifier is trained, as in a rehearsal: random weights in the published format.
rule stand_in:
    output:
        weights=PATHS.archive("{file}"),
    log:
        PATHS.data_log("stand_in", "{file}"),
    benchmark:
        PATHS.data_benchmark("stand_in", "{file}")
    wildcard_constraints:
        file=one_of(TARGETS.stand_ins),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("stand_in"),
    params:
        classifier=lambda w: values.stand_in(CONFIG, TARGETS.stand_ins[w.file]),
        code=code("stand_in"),
    script:
        "../scripts/stand_in.py"


# A net of ours under the name and in the format of a released one.
rule publish:
    input:
        checkpoint=lambda w: TARGETS.demo_source(w.experiment, w.seed),
    output:
        weights=PATHS.released_file("{file}.caffemodel"),
    log:
        PATHS.run_log("publish", seed="{seed}-{file}"),
    benchmark:
        PATHS.run_benchmark("publish", seed="{seed}-{file}")
    wildcard_constraints:
        experiment=one_of(TARGETS.released),
        file="[^/]+",
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("publish"),
    params:
        code=code("publish"),
    script:
        "../scripts/publish.py"
