"""Figures, each kind by its own rule: those of a table first, then those of none."""


rule curves:
    input:
        curves=lambda w: TARGETS.runs(PATHS.curve, TARGETS.trained_rows(w.table)),
    output:
        image=pictured(PATHS.picture("curves", "{table}"), "curves", "Learning curves"),
        info=PATHS.figure_info("curves", "{table}"),
        chart=PATHS.picture("curves", "{table}", ".vl.json"),
    log:
        PATHS.log("curves", "{table}"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("curves"),
    params:
        figure=lambda w: dumped(specs.trained_nets(TARGETS, w.table)),
        code=code("curves"),
    script:
        "../scripts/curves.py"


rule class_iu:
    input:
        metrics=lambda w: TARGETS.runs(PATHS.metrics, TARGETS.scored_rows(w.table)),
        dataset=lambda w: TARGETS.dataset_of(TARGETS.scored_rows(w.table)[0]),
    output:
        image=pictured(PATHS.picture("class_iu", "{table}"), "class_iu", "IU by class"),
        info=PATHS.figure_info("class_iu", "{table}"),
    log:
        PATHS.log("class_iu", "{table}"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("class_iu"),
    params:
        figure=lambda w: dumped(specs.scored_nets(TARGETS, w.table)),
        code=code("class_iu"),
    script:
        "../scripts/class_iu.py"


rule bounds:
    input:
        results=PATHS.table_csv(),
    output:
        image=pictured(PATHS.picture("bounds", "{table}"), "bounds", "Upper bounds"),
        info=PATHS.figure_info("bounds", "{table}"),
    log:
        PATHS.log("bounds", "{table}"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("bounds"),
    params:
        table=lambda w: dumped(specs.table(TARGETS, w.table)),
        code=code("bounds"),
    script:
        "../scripts/bounds.py"


rule examples:
    input:
        nets=lambda w: TARGETS.first_checkpoints(TARGETS.scored_rows(w.table)),
        counts=lambda w: TARGETS.first_runs(PATHS.counts, TARGETS.scored_rows(w.table)),
        dataset=lambda w: TARGETS.dataset_of(TARGETS.scored_rows(w.table)[0]),
        hha=lambda w: TARGETS.hha_of(TARGETS.scored_rows(w.table)),
    output:
        image=pictured(
            PATHS.picture("examples", "{table}", ".png"),
            "examples",
            "Images of a table",
        ),
        info=PATHS.figure_info("examples", "{table}"),
        images=PATHS.image_set(),
    log:
        PATHS.log("examples", "{table}"),
    benchmark:
        PATHS.benchmark("examples", "{table}")
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("examples"),
    params:
        figure=lambda w: dumped(specs.examples(TARGETS, w.table)),
        code=code("examples"),
    script:
        "../scripts/examples.py"


rule comparison:
    input:
        nets=lambda w: TARGETS.first_checkpoints(TARGETS.nets_of_figure(w.figure)),
        counts=lambda w: TARGETS.first_runs(
            PATHS.counts, TARGETS.nets_of_figure(w.figure)
        ),
        dataset=lambda w: TARGETS.dataset_of(TARGETS.nets_of_figure(w.figure)[0]),
        hha=lambda w: TARGETS.hha_of(TARGETS.nets_of_figure(w.figure)),
    output:
        image=pictured(
            PATHS.picture("comparison", "{figure}", ".png"),
            "comparison",
            "Nets side by side",
        ),
        info=PATHS.figure_info("comparison", "{figure}"),
    log:
        PATHS.log("comparison", "{figure}"),
    benchmark:
        PATHS.benchmark("comparison", "{figure}")
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("comparison")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("comparison"),
    params:
        figure=lambda w: dumped(specs.comparison(TARGETS, w.figure)),
        code=code("comparison"),
    script:
        "../scripts/comparison.py"


rule architecture:
    output:
        image=pictured(
            PATHS.picture("architecture", "{figure}"), "architecture", "Layers of nets"
        ),
        info=PATHS.figure_info("architecture", "{figure}"),
        maps=PATHS.picture("architecture", "{figure}", ".csv"),
    log:
        PATHS.log("architecture", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("architecture")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("architecture"),
    params:
        figure=lambda w: dumped(specs.architecture(TARGETS, w.figure)),
        code=code("architecture"),
    script:
        "../scripts/architecture.py"


rule losses:
    input:
        curves=lambda w: TARGETS.runs(PATHS.curve, TARGETS.nets_of_figure(w.figure)),
    output:
        image=pictured(PATHS.picture("losses", "{figure}"), "losses", "Losses"),
        info=PATHS.figure_info("losses", "{figure}"),
    log:
        PATHS.log("losses", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("losses")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("losses"),
    params:
        figure=lambda w: dumped(specs.losses(TARGETS, w.figure)),
        code=code("losses"),
    script:
        "../scripts/losses.py"


rule gaps:
    input:
        metrics=lambda w: TARGETS.runs(PATHS.metrics, TARGETS.nets_of_figure(w.figure)),
    output:
        image=pictured(
            PATHS.picture("gaps", "{figure}"), "gaps", "Nets and upper bounds"
        ),
        info=PATHS.figure_info("gaps", "{figure}"),
    log:
        PATHS.log("gaps", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("gaps")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("gaps"),
    params:
        figure=lambda w: dumped(specs.chart(TARGETS, w.figure)),
        code=code("gaps"),
    script:
        "../scripts/gaps.py"


rule momentum:
    input:
        metrics=lambda w: TARGETS.runs(PATHS.metrics, TARGETS.nets_of_figure(w.figure)),
    output:
        image=pictured(
            PATHS.picture("momentum", "{figure}"),
            "momentum",
            "Batch size and momentum",
        ),
        info=PATHS.figure_info("momentum", "{figure}"),
    log:
        PATHS.log("momentum", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("momentum")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("momentum"),
    params:
        figure=lambda w: dumped(specs.chart(TARGETS, w.figure)),
        code=code("momentum"),
    script:
        "../scripts/momentum.py"


rule learning_curve:
    input:
        metrics=lambda w: TARGETS.runs(PATHS.metrics, TARGETS.nets_of_figure(w.figure)),
        dataset=lambda w: TARGETS.dataset_of(TARGETS.nets_of_figure(w.figure)[0]),
    output:
        image=pictured(
            PATHS.picture("learning_curve", "{figure}"),
            "learning_curve",
            "Number of images",
        ),
        info=PATHS.figure_info("learning_curve", "{figure}"),
    log:
        PATHS.log("learning_curve", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("learning_curve")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("learning_curve"),
    params:
        figure=lambda w: dumped(specs.learning_curve(TARGETS, w.figure)),
        code=code("learning_curve"),
    script:
        "../scripts/learning_curve.py"


rule ablation:
    input:
        results=lambda w: map(PATHS.table_csv, TARGETS.tables_of_figure(w.figure)),
    output:
        image=pictured(PATHS.picture("ablation", "{figure}"), "ablation", "Every row"),
        narrow=PATHS.picture("ablation", "{figure}", ".narrow.svg"),
        info=PATHS.figure_info("ablation", "{figure}"),
    log:
        PATHS.log("ablation", "{figure}"),
    wildcard_constraints:
        figure=one_of(TARGETS.figures_of("ablation")),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("ablation"),
    params:
        figure=lambda w: dumped(specs.ablation(TARGETS, w.figure)),
        code=code("ablation"),
    script:
        "../scripts/ablation.py"
