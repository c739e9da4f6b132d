"""What a rehearsal measured, held against the run that it rehearses."""


rule rehearsal_report:
    input:
        benchmarks=TARGETS.rehearsal_benchmark_files,
        curves=TARGETS.first_runs(PATHS.curve, TARGETS.trained),
        metrics=TARGETS.first_runs(PATHS.metrics, TARGETS.trained),
    output:
        markdown=PATHS.rehearsal,
        content=PATHS.rehearsal_json,
    log:
        PATHS.log("rehearsal_report"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("rehearsal_report"),
    params:
        spec=lambda w: dumped(
            one_line(
                rehearsal_spec, TARGETS, one_line(rehearsed_run, RAW_CONFIG, SOURCE)
            )
        ),
        code=code("rehearsal_report"),
    script:
        "../scripts/rehearsal_report.py"
