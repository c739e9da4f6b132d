"""Charts across tables, each kind by its own rule, and how long everything took."""


rule losses:
    input:
        curves=lambda wildcards: runs("curves", "csv", nets_of(wildcards.figure)),
    output:
        image=report(
            f"{RESULTS}/figures/losses/{{figure}}.svg",
            caption="../report/losses.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/losses/{{figure}}.json",
    log:
        f"{RESULTS}/logs/losses/{{figure}}.log",
    wildcard_constraints:
        figure=one_of(figures_of("losses")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        figure=lambda wildcards: losses_spec(wildcards.figure),
        order=[*NETS],
        code=code("losses"),
    script:
        "../scripts/losses.py"


rule gaps:
    input:
        metrics=lambda wildcards: runs("metrics", "json", nets_of(wildcards.figure)),
    output:
        image=report(
            f"{RESULTS}/figures/gaps/{{figure}}.svg",
            caption="../report/gaps.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/gaps/{{figure}}.json",
    log:
        f"{RESULTS}/logs/gaps/{{figure}}.log",
    wildcard_constraints:
        figure=one_of(figures_of("gaps")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        figure=lambda wildcards: chart_spec(wildcards.figure),
        code=code("gaps"),
    script:
        "../scripts/gaps.py"


rule momentum:
    input:
        metrics=lambda wildcards: runs("metrics", "json", nets_of(wildcards.figure)),
    output:
        image=report(
            f"{RESULTS}/figures/momentum/{{figure}}.svg",
            caption="../report/momentum.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/momentum/{{figure}}.json",
    log:
        f"{RESULTS}/logs/momentum/{{figure}}.log",
    wildcard_constraints:
        figure=one_of(figures_of("momentum")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        figure=lambda wildcards: chart_spec(wildcards.figure),
        code=code("momentum"),
    script:
        "../scripts/momentum.py"


rule ablation:
    input:
        results=lambda wildcards: expand(
            f"{RESULTS}/tables/{{table}}.csv", table=tables_of(wildcards.figure)
        ),
    output:
        image=report(
            f"{RESULTS}/figures/ablation/{{figure}}.svg",
            caption="../report/ablation.rst",
            category="Figures",
        ),
        card=f"{RESULTS}/figures/ablation/{{figure}}.json",
    log:
        f"{RESULTS}/logs/ablation/{{figure}}.log",
    wildcard_constraints:
        figure=one_of(figures_of("ablation")),
    conda:
        "../envs/fcnlib.yaml"
    params:
        figure=lambda wildcards: overview_spec(wildcards.figure),
        code=code("ablation"),
    script:
        "../scripts/ablation.py"


rule times:
    input:
        benchmarks=[*runs("benchmarks/train", "tsv", TRAINED), *BENCHMARKS],
    output:
        times=f"{RESULTS}/times.md",
    log:
        f"{RESULTS}/logs/times.log",
    conda:
        "../envs/fcnlib.yaml"
    params:
        code=code("times"),
    script:
        "../scripts/times.py"
