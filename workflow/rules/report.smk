"""Records → tables → figures → report."""

TABLES = expand("results/tables/{table}.csv", table=PARTS)
FIGURES = expand("results/figures/{figure}.{suffix}", figure=study["figures"], suffix=["svg", "png"])
FIGURE_HOUSE = [
    "figures/__init__.py",
    "figures/_curves.py",
    "figures/_rows.py",
    "figures/_sine.py",
    "figures/_theme.py",
]


def table_parts(wildcards):
    return PARTS[wildcards.table]


def missing_rows(wildcards):
    return study.missing(wildcards.table)


def figure_source(wildcards):
    return digest(*FIGURE_HOUSE, f"figures/{wildcards.figure}.py")


rule table:
    """Gather the records of one kind into one tidy table."""
    input:
        table_parts,
    output:
        report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        "results/logs/table/{table}.log",
    params:
        missing=missing_rows,
        source=digest("tables.py", "metrics.py", "stats.py"),
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
    params:
        source=figure_source,
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
    params:
        figures=study["figures"],
        config=study.config,
        training_source=digest("train.py", "outcome.py", "initial.py", "variants/__init__.py"),
        source=digest("report.py", "report.html.j2", *FIGURE_HOUSE),
    script:
        "../scripts/report.py"
