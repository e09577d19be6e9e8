"""Vocabulary → where equal work parts. On request: snakemake numerics."""


rule numerics:
    """Train the same under all that may change bits, and tell after how many updates it shows."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    output:
        table="results/numerics/numerics.csv",
        epochs="results/numerics/epochs.csv",
    log:
        "results/logs/numerics.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=int("cuda" not in study.unavailable),
    params:
        runs=study.small_runs("numerics"),
        unavailable=study.unavailable,
        source=sources("numerics"),
    script:
        "../scripts/numerics.py"
