"""The report: tables, claims, the page, and Snakemake's own report."""

import hashlib
import json


rule table:
    input:
        metrics=lambda w: TARGETS.runs(PATHS.metrics, TARGETS.measured_rows(w.table)),
    output:
        csv=report(PATHS.table_csv(), caption="../report/table.rst", category="Tables"),
        markdown=PATHS.table_markdown(),
        latex=PATHS.table_latex(),
    log:
        PATHS.log("table", "{table}"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("table"),
    params:
        table=lambda w: dumped(specs.table(TARGETS, w.table)),
        scale=CONFIG.scale,
        code=code("table"),
    script:
        "../scripts/table.py"


rule results:
    input:
        tables=TARGETS.table_files,
    output:
        results=report(
            PATHS.results_csv, caption="../report/results.rst", category="Tables"
        ),
        # Of all that `dvc metrics` compares: whatever has scores, but no times.
        scores=expand(PATHS.scores(), experiment=TARGETS.with_scores),
    log:
        PATHS.log("results"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("results"),
    params:
        experiments=TARGETS.with_scores,
        code=code("results"),
    script:
        "../scripts/results.py"


rule claims:
    input:
        results=PATHS.results_csv,
        curves=[file for files in TARGETS.curves_of_claims.values() for file in files],
        metrics=TARGETS.runs(
            PATHS.metrics, [*TARGETS.scored_in_claims, *TARGETS.timed_in_claims]
        ),
    output:
        claims=PATHS.claims,
    log:
        PATHS.log("claims"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("claims"),
    params:
        claims=values.claims(CONFIG),
        curves=TARGETS.curves_of_claims,
        code=code("claims"),
    script:
        "../scripts/claims.py"


rule times:
    input:
        benchmarks=TARGETS.benchmark_files,
    output:
        times=PATHS.times,
    log:
        PATHS.log("times"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("times"),
    params:
        benchmarks=TARGETS.benchmarks,
        logs=TARGETS.logs,
        code=code("times"),
    script:
        "../scripts/times.py"


rule page:
    input:
        results=PATHS.results_csv,
        csvs=TARGETS.table_files,
        metrics=TARGETS.runs(PATHS.metrics, TARGETS.measured),
        counts=TARGETS.runs(PATHS.counts, TARGETS.with_data),
        datasets=TARGETS.scored_datasets,
        curves=TARGETS.runs(PATHS.curve, TARGETS.trained),
        figures=TARGETS.figure_infos,
        images=expand(PATHS.image_set(), table=TARGETS.tables_with_examples),
        claims=PATHS.claims,
        benchmarks=TARGETS.benchmark_files,
        configuration=PATHS.configuration,
        archives=expand(PATHS.verified(), archive=TARGETS.published_archives),
        rehearsal=TARGETS.rehearsal_files,
    output:
        page=report(PATHS.page, caption="../report/page.rst", category="Page"),
    log:
        PATHS.log("page"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("page"),
    params:
        tables=[dumped(specs.table(TARGETS, name)) for name in CONFIG.tables],
        curves=TARGETS.curves,
        training=TARGETS.training_benchmarks,
        training_logs=TARGETS.training_logs,
        benchmarks=TARGETS.other_benchmarks,
        logs=TARGETS.logs,
        # No input: there is one only if `fcn estimate --save` was asked for it.
        estimate=PATHS.estimate,
        scale=CONFIG.scale,
        part=lambda w: dumped(part_of_list(RAW_CONFIG, SOURCE)),
        code=code("page"),
    script:
        "../scripts/page.py"


rule configuration:
    output:
        configuration=PATHS.configuration,
    log:
        PATHS.log("configuration"),
    priority: 1  # `fcn status` reads it while the run goes on
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("configuration"),
    params:
        # As Snakemake shows what has changed, and all of it is longer than a screen.
        digest=hashlib.sha256(json.dumps(RAW_CONFIG, default=str).encode()).hexdigest(),
    script:
        "../scripts/configuration.py"


rule report_items:
    input:
        page=PATHS.page,
        results=PATHS.results_csv,
        tables=TARGETS.table_files,
        figures=TARGETS.figure_infos,


# A second Snakemake, as a report cannot contain the rule that makes it; it reads the same
# configuration from a file, whatever was given on the command line.
rule report:
    input:
        page=PATHS.page,
        configuration=PATHS.configuration,
    output:
        report=PATHS.report,
    log:
        PATHS.log("report"),
    conda:
        "../envs/fcnlib.yaml"
    resources:
        **requested("report"),
    params:
        captions={path.name: sha256(path) for path in sorted(CAPTIONS.iterdir())},
        code=code("report"),
    script:
        "../scripts/report.py"
