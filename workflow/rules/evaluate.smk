"""Confusion counts, scores and times of every row."""


rule evaluate:
    input:
        net=lambda w: TARGETS.scored_checkpoint(w.experiment, w.seed),
        dataset=lambda w: TARGETS.dataset_of(w.experiment),
        hha=lambda w: TARGETS.hha_of([w.experiment]),
    output:
        metrics=PATHS.metrics(),
        counts=PATHS.counts(),
    log:
        PATHS.run_log("evaluate"),
    benchmark:
        PATHS.run_benchmark("evaluate")
    wildcard_constraints:
        experiment=none_of([*TARGETS.bounds, *TARGETS.timed]),
    group:
        NET_GROUP
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("evaluate"),
        gpu=1,
    params:
        values=lambda w: values.evaluation(CONFIG, w.experiment),
        side=CONFIG.scales[CONFIG.scale].forward_side,
        runs=CONFIG.forward_runs,
        code=code("evaluate"),
    script:
        "../scripts/evaluate.py"


rule upper_bound:
    input:
        dataset=lambda w: TARGETS.dataset_of(w.experiment),
    output:
        metrics=PATHS.metrics(),
        counts=PATHS.counts(),
    log:
        PATHS.run_log("upper_bound"),
    benchmark:
        PATHS.run_benchmark("upper_bound")
    wildcard_constraints:
        experiment=one_of(TARGETS.bounds),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("upper_bound"),
    params:
        values=lambda w: values.upper_bound(CONFIG, w.experiment),
        code=code("upper_bound"),
    script:
        "../scripts/upper_bound.py"


# One job, as these times are held against each other: on one machine, one after another.
rule time:
    output:
        metrics=TARGETS.runs(PATHS.metrics, TARGETS.timed),
    log:
        PATHS.log("time"),
    benchmark:
        PATHS.benchmark("time", "all")
    priority: 3  # before two others, as nothing that runs already has to end then
    conda:
        "../envs/fcnlib.yaml"
    # All cores, though it uses one: nothing of this run is beside it, unless other nodes compute.
    threads: 1 if IS_CLUSTER else workflow.cores or 1
    resources:
        **requested("time"),
        gpu=1,
    params:
        timings={name: values.timing(CONFIG, name) for name in TARGETS.timed},
        seed=CONFIG.seeds[0],
        code=code("time"),
    script:
        "../scripts/time.py"


# For the tables of scores that only PASCAL's evaluation server can measure.
rule submit:
    input:
        net=PATHS.checkpoint(),
        images=PATHS.archive("VOC2012test.tar"),
    output:
        archive=PATHS.submission(),
    log:
        PATHS.run_log("submit"),
    benchmark:
        PATHS.run_benchmark("submit")
    wildcard_constraints:
        experiment=one_of(TARGETS.submitted),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("submit"),
        gpu=1,
    params:
        year=2012,
        code=code("submit"),
    script:
        "../scripts/submit.py"
