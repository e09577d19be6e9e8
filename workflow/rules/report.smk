"""Records → tables → figures → report."""

PARTS["book"] = [f"results/tables/{table}.csv" for table in ("runs", "trials", "speed")]
MISSING = {table: study.missing(table) for table in PARTS}
TABLES = expand("results/tables/{table}.csv", table=PARTS)
FIGURES = expand(
    "results/figures/{figure}.{suffix}", figure=study["figures"], suffix=["svg", "png"]
)


rule table:
    """Gather the records of one kind into one tidy table."""
    input:
        study.entry("table", within=PARTS),
    output:
        report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        "results/logs/table/{table}.log",
    conda:
        "../../environment.yml"
    params:
        missing=study.entry("table", within=MISSING),
        source=sources("table"),
    script:
        "../scripts/table.py"


rule gates:
    """End the study where a result cannot be right."""
    input:
        runs="results/tables/runs.csv",
        ngram_lm="results/tables/ngram_lm.csv",
        zipf="results/tables/zipf.csv",
        floor="results/tables/floor.csv",
        predictors="results/tables/predictors.csv",
    output:
        report(
            "results/gates/gates.csv",
            caption="../report/gates.rst",
            category="Tables",
            labels={"table": "gates"},
        ),
    log:
        "results/logs/gates.log",
    conda:
        "../../environment.yml"
    params:
        source=sources("gates"),
    script:
        "../scripts/gates.py"


rule findings:
    """Hold what the tutorial says against the tables."""
    input:
        TABLES,
    output:
        table=report(
            "results/findings/findings.csv",
            caption="../report/findings.rst",
            category="Tables",
            labels={"table": "findings"},
        ),
        page="results/findings/findings.md",
    log:
        "results/logs/findings.log",
    conda:
        "../../environment.yml"
    params:
        study=study.described,
        source=sources("findings"),
    script:
        "../scripts/findings.py"


rule docs:
    """Put the findings among the documents; without an output, so that a clone keeps its own."""
    input:
        rules.findings.output.page,
    log:
        "results/logs/docs.log",
    conda:
        "../../environment.yml"
    params:
        page=str(PROJECT / "docs" / "findings.md"),
    shell:
        "install -D -m 644 {input} {params.page:q} 2> {log}"


rule figure:
    """Draw one figure from its tables."""
    input:
        study.drawn_from(TABLES),
    output:
        svg=report(
            "results/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        png="results/figures/{figure}.png",
        finding="results/figures/{figure}.txt",
    log:
        "results/logs/figure/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        kind="figures",
        source=sources("figure"),
    script:
        "../scripts/figure.py"


rule report:
    """Write the page that holds everything."""
    input:
        tables=TABLES,
        gates=rules.gates.output[0],
        findings=rules.findings.output.table,
        lengths=rules.lengths.output if MEASURED else [],
        figures=FIGURES,
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        figures=study["figures"],
        config=study.publishable,
        source=sources("report"),
    script:
        "../scripts/report.py"


rule speed:
    """Make the timings, and the tables and figures that need nothing else."""
    input:
        expand("results/tables/{table}.csv", table=TIMED),
        expand("results/figures/{figure}.svg", figure=study.figures_of(TIMED)),
