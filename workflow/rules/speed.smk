"""Vocabulary → timed training steps. Nothing of the DAG runs beside them."""

SPEED = "results/speed/machine={machine}"
SPEED_HERE = SPEED.format(machine=study.machine)

PARTS["speed"] = [f"{SPEED_HERE}/{part}.csv" for part in ("points", "samples", "limit")]
PARTS["limit"] = [f"{SPEED_HERE}/limit.csv"]
PARTS["inference"] = [f"{SPEED_HERE}/inference.csv"]
PARTS["breakdown"] = [f"{SPEED_HERE}/breakdown.csv"]
PARTS["scaling"] = [f"{SPEED_HERE}/scaling.csv", f"{SPEED_HERE}/neighbours.csv"]
PARTS["costs"] = PARTS["scaling"]
PARTS["launches"] = PARTS["breakdown"]
PARTS["probes"] = [f"{SPEED_HERE}/probes.csv"]
PARTS["speedup"] = [f"{SPEED_HERE}/samples.csv"]
PARTS["noise"] = [f"{SPEED_HERE}/samples.csv"]
PARTS["campaign"] = [f"{SPEED_HERE}/record.json"]
TIMED = [table for table, parts in PARTS.items() if SPEED_HERE in "".join(parts)]
PARTS["machines"] = [f"results/machine/machine={study.machine}/record.json"]


rule machine:
    """Describe the machine that runs the jobs, which must be the one that the study is made for."""
    output:
        "results/machine/machine={machine}/record.json",
    log:
        "results/logs/machine/{machine}.log",
    conda:
        "../../environment.yml"
    params:
        source=sources("machine"),
    script:
        "../scripts/machine.py"


rule campaign:
    """Time training steps, all points in turn; what a killed job measured is taken up."""
    input:
        vocab=f"results/vocab/corpus={study.timing_corpus}/token=char/vocab.json",
        ids=f"results/vocab/corpus={study.timing_corpus}/token=char/tokens.npy",
    output:
        points=f"{SPEED}/points.csv",
        samples=f"{SPEED}/samples.csv",
        limit=f"{SPEED}/limit.csv",
        inference=f"{SPEED}/inference.csv",
        breakdown=f"{SPEED}/breakdown.csv",
        scaling=f"{SPEED}/scaling.csv",
        neighbours=f"{SPEED}/neighbours.csv",
        probes=f"{SPEED}/probes.csv",
        fingerprint=f"{SPEED}/fingerprint.json",
        record=f"{SPEED}/record.json",
    log:
        f"{SPEED}/speed.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    resources:
        gpu=study.timing_gpus,
        mem_mb=1000 * (1 + study.usable_cores),  # neighbours: a process on each core
        runtime=minutes(estimate.speed()),
        seconds=estimate.speed(),
        seconds_by=PROTOCOL,
    params:
        points=[study.timing_row(address) for address in study.timings],
        sources=[sources.timing(study.timing(address)) for address in study.timings],
        protocol=study.protocol,
        probes=study.probes,
        rounds=study["probes"]["rounds"],
        source=sources("campaign"),
    script:
        "../scripts/campaign.py"
