"""Records → tables, and what none of them may violate."""

PARTS["book"] = [f"results/tables/{table}.csv" for table in ("runs", "trials", "speed")]
HELD_AGAINST = [f"results/tables/{table}.csv" for table in ("runs", "curves", "ngram_lm")]
PARTS |= {"literature": HELD_AGAINST, "time_to_target": HELD_AGAINST}
MISSING = {table: study.missing(table) for table in PARTS}
TABLES = expand("results/tables/{table}.csv", table=PARTS)


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
        "../scripts/tables/table.py"


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
    retries: 0
    conda:
        "../../environment.yml"
    params:
        source=sources("gates"),
    script:
        "../scripts/tables/gates.py"
