"""Records → tables → figures → report."""

MISSING = {table: study.missing(table) for table in PARTS}
TABLES = expand("results/tables/{table}.csv", table=PARTS)
FIGURES = expand(
    "results/figures/{figure}.{suffix}", figure=study["figures"], suffix=["svg", "png"]
)


rule table:
    """Gather the records of one kind into one tidy table."""
    input:
        lookup(dpath="{table}", within=PARTS),
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
        missing=lookup(dpath="{table}", within=MISSING),
        source=sources.digest("tables.py", "metrics.py", "stats.py"),
    script:
        "../scripts/table.py"


rule figure:
    """Draw one figure from the tables."""
    input:
        TABLES,
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
        source=sources.figure,
    script:
        "../scripts/figure.py"


rule report:
    """Write the page that holds everything."""
    input:
        tables=TABLES,
        figures=FIGURES,
    output:
        "results/report.html",
    log:
        "results/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        figures=study["figures"],
        config=study.config,
        source=sources.report(),
    script:
        "../scripts/report.py"
