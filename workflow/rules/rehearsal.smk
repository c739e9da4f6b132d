"""What a rehearsal measured, held against the run that it rehearses."""


def whole_run():
    """The run that is rehearsed, with all its rows."""
    whole = {**RAW_CONFIG, "scale": CONFIG.rehearses, "rows": None}
    return Targets(one_line(load_config, whole, SOURCE))


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
        spec=lambda w: dumped(one_line(rehearsal_spec, TARGETS, whole_run())),
        code=code("rehearsal_report"),
    script:
        "../scripts/rehearsal_report.py"
