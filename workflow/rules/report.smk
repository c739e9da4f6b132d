"""What people look at: tables, figures, the page, and Snakemake's own report."""

import hashlib
import json


rule table:
    input:
        metrics=lambda wildcards: runs("metrics", "json", measured_in(wildcards.table)),
    output:
        csv=report(
            f"{RESULTS}/tables/{{table}}.csv",
            caption="../report/table.rst",
            category="Tables",
        ),
        markdown=f"{RESULTS}/tables/{{table}}.md",
    log:
        f"{RESULTS}/logs/table/{{table}}.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        table=lambda wildcards: table_spec(wildcards.table),
        scale=CONFIG.scale,
        code=code("table"),
    script:
        "../scripts/table.py"


rule results:
    input:
        tables=expand(f"{RESULTS}/tables/{{table}}.csv", table=CONFIG.tables),
    output:
        results=report(
            f"{RESULTS}/results.csv",
            caption="../report/results.rst",
            category="Tables",
        ),
        # Of all that `dvc metrics` compares: whatever has scores, but no times.
        scores=expand(
            f"{RESULTS}/scores/{{experiment}}.json",
            experiment=[name for name in MEASURED if name not in TIMED],
        ),
    log:
        f"{RESULTS}/logs/results.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("results"),
    script:
        "../scripts/results.py"


rule claims:
    input:
        results=f"{RESULTS}/results.csv",
        claims=ancient(CLAIMS),
    output:
        claims=f"{RESULTS}/claims.json",
    log:
        f"{RESULTS}/logs/claims.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        images={table: table_images(table) for table in CONFIG.tables},
        claims=sha256(Path(CLAIMS)),
        code=code("claims"),
    script:
        "../scripts/claims.py"


rule curves:
    input:
        curves=lambda wildcards: runs("curves", "csv", trained_in(wildcards.table)),
    output:
        image=report(
            f"{RESULTS}/figures/curves/{{table}}.svg",
            caption="../report/curves.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/curves/{{table}}.json",
    log:
        f"{RESULTS}/logs/curves/{{table}}.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        table=lambda wildcards: nets_spec(wildcards.table, trained_in(wildcards.table)),
        order=[*SCORED],
        code=code("curves"),
    script:
        "../scripts/curves.py"


rule class_iu:
    input:
        metrics=lambda wildcards: runs("metrics", "json", scored_in(wildcards.table)),
        dataset=lambda wildcards: dataset_of(scored_in(wildcards.table)[0]),
    output:
        image=report(
            f"{RESULTS}/figures/class_iu/{{table}}.svg",
            caption="../report/class_iu.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/class_iu/{{table}}.json",
    log:
        f"{RESULTS}/logs/class_iu/{{table}}.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        table=lambda wildcards: nets_spec(wildcards.table, scored_in(wildcards.table)),
        order=[*SCORED],
        code=code("class_iu"),
    script:
        "../scripts/class_iu.py"


rule bounds:
    input:
        results=f"{RESULTS}/tables/{{table}}.csv",
    output:
        image=report(
            f"{RESULTS}/figures/bounds/{{table}}.svg",
            caption="../report/bounds.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/bounds/{{table}}.json",
    log:
        f"{RESULTS}/logs/bounds/{{table}}.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        table=lambda wildcards: table_spec(wildcards.table),
        code=code("bounds"),
    script:
        "../scripts/bounds.py"


rule comparison:
    input:
        nets=lambda wildcards: first_nets(nets_of(wildcards.figure)),
        counts=lambda wildcards: first_run("metrics", "npz", nets_of(wildcards.figure)),
        dataset=lambda wildcards: dataset_of(nets_of(wildcards.figure)[0]),
        hha=lambda wildcards: hha_of_all(nets_of(wildcards.figure)),
    output:
        image=report(
            f"{RESULTS}/figures/comparison/{{figure}}.png",
            caption="../report/comparison.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/comparison/{{figure}}.json",
    log:
        f"{RESULTS}/logs/comparison/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/comparison/{{figure}}.tsv"
    wildcard_constraints:
        figure=one_of(figures_of("comparison")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        figure=lambda wildcards: figure_spec(wildcards.figure),
        code=code("comparison"),
    script:
        "../scripts/comparison.py"


rule examples:
    input:
        nets=lambda wildcards: first_nets(scored_in(wildcards.table)),
        counts=lambda wildcards: first_run("metrics", "npz", scored_in(wildcards.table)),
        dataset=lambda wildcards: dataset_of(scored_in(wildcards.table)[0]),
        hha=lambda wildcards: hha_of_all(scored_in(wildcards.table)),
    output:
        image=report(
            f"{RESULTS}/figures/examples/{{table}}.png",
            caption="../report/examples.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/examples/{{table}}.json",
    log:
        f"{RESULTS}/logs/examples/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/examples/{{table}}.tsv"
    conda:
        "../envs/fcnlib.yaml"
    params:
        table=lambda wildcards: examples_spec(wildcards.table),
        code=code("examples"),
    script:
        "../scripts/examples.py"


rule page:
    input:
        results=f"{RESULTS}/results.csv",
        csvs=expand(f"{RESULTS}/tables/{{table}}.csv", table=CONFIG.tables),
        metrics=runs("metrics", "json", MEASURED),
        figures=expand("{figure}.json", figure=FIGURES),
        claims=f"{RESULTS}/claims.json",
        training=runs("benchmarks/train", "tsv", TRAINED),
        benchmarks=BENCHMARKS,
        configuration=f"{RESULTS}/config.json",
    output:
        page=report(
            f"{RESULTS}/index.html", caption="../report/page.rst", category="Page"
        ),
    log:
        f"{RESULTS}/logs/page.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        tables=[table_spec(name) for name in CONFIG.tables],
        sections={
            "tables": {name: entry.section for name, entry in CONFIG.tables.items()},
            "figures": {name: entry.section for name, entry in CONFIG.figures.items()},
        },
        scale=CONFIG.scale,
        commands=COMMANDS,
        code=code("page"),
        templates=contents(ROOT / "fcnlib/report/page/templates"),
    script:
        "../scripts/page.py"


rule configuration:
    output:
        configuration=f"{RESULTS}/config.json",
    log:
        f"{RESULTS}/logs/configuration.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        # As Snakemake shows what has changed, and all of it is longer than a screen.
        digest=hashlib.sha256(json.dumps(MERGED, default=str).encode()).hexdigest(),
    script:
        "../scripts/configuration.py"


rule report_items:
    input:
        page=f"{RESULTS}/index.html",
        results=f"{RESULTS}/results.csv",
        tables=expand(f"{RESULTS}/tables/{{table}}.csv", table=CONFIG.tables),
        figures=expand("{figure}.json", figure=FIGURES),


# A second Snakemake, as a report cannot contain the rule that makes it; it reads the same
# configuration from a file, whatever was given on the command line.
rule report:
    input:
        page=f"{RESULTS}/index.html",
        configuration=f"{RESULTS}/config.json",
    output:
        report=f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        captions=contents(Path(workflow.basedir) / "workflow" / "report"),
    script:
        "../scripts/report.py"
