"""Tables → figures → report."""

FIGURES = expand(
    "results/figures/{figure}.{suffix}", figure=study["figures"], suffix=["svg", "png"]
)


SETTLING = ("", "science")  # the studies whose findings are the document of that name
STUDY = folder(workflow.overwrite_configfiles).name
NAMED = "" if STUDY in SETTLING else f"_{STUDY}"
FIRST = ["machines", "corpora", "runs", "curves", "ngram_lm", "floor", "predictors"]


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
        "../scripts/report/findings.py"


rule docs:
    """Put the findings among the documents; without an output, so that a clone keeps its own.

    Those of the studies that ship are ``findings.md``, and ``findings_ptb.md`` of ``ptb.yaml``.
    """
    input:
        rules.findings.output.page,
    log:
        "results/logs/docs.log",
    conda:
        "../../environment.yml"
    params:
        page=str(PROJECT / "docs" / f"findings{NAMED}.md"),
    shell:
        "cp {input} {params.page:q} 2> {log}"


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
        "../scripts/report/figure.py"


rule report:
    """Write the page that holds everything."""
    input:
        tables=TABLES,
        gates=rules.gates.output[0],
        findings=rules.findings.output.table,
        lengths=rules.lengths.output if MEASURED else [],
        figures=FIGURES,
    output:
        page="results/report.html",
        summary="results/summary.txt",
    log:
        "results/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        figures=study["figures"],
        config=study.publishable,
        source=sources("report"),
    script:
        "../scripts/report/report.py"


rule first_page:
    """Write a page of the training runs as soon as these are made, while the rest goes on."""
    input:
        **{table: PARTS[table] for table in FIRST},
    output:
        "results/first.html",
    log:
        "results/logs/first_page.log",
    priority: 3
    conda:
        "../../environment.yml"
    params:
        missing={table: MISSING[table] for table in FIRST},
        figures=study.figures_of(FIRST),
        config=study.publishable,
        source=sources("first_page"),
    script:
        "../scripts/report/first_page.py"


rule speed:
    """Make the timings, and the tables and figures that need nothing else."""
    input:
        expand("results/tables/{table}.csv", table=TIMED),
        expand("results/figures/{figure}.svg", figure=study.figures_of(TIMED)),
