"""Vocabulary → timed training steps. Nothing of the DAG runs beside a timing."""

SPEED = (
    "results/speed/machine={machine}/variant={variant}/sampler={sampler}/clip_norm={clip_norm}/"
    "device={device}/threads={threads}/dtype={dtype}/process={process}"
)

PARTS["speed"] = [f"{SPEED.format(**address)}/samples.csv" for address in study.timings]
PARTS["machines"] = [f"results/machine/machine={study.machine}/record.json"]


rule machine:
    """Describe the machine that runs the jobs."""
    output:
        "results/machine/machine={machine}/record.json",
    log:
        "results/logs/machine/{machine}.log",
    conda:
        "../../environment.yml"
    params:
        source=sources.digest("machine.py"),
    script:
        "../scripts/machine.py"


rule speed:
    """Time training steps in a fresh process; low process numbers first, so variants alternate."""
    input:
        vocab=f"results/vocab/corpus={study.timing_corpus}/token=char/vocab.json",
        ids=f"results/vocab/corpus={study.timing_corpus}/token=char/tokens.npy",
    output:
        f"{SPEED}/samples.csv",
    log:
        f"{SPEED}/speed.log",
    priority: study.earlier_rounds_first
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    params:
        timing=study.timing_row,
        source=sources.timing,
    script:
        "../scripts/speed.py"
