"""Vocabulary → timed training steps. Nothing of the DAG runs beside them."""

MACHINE = "results/machine/machine={machine}/record.json"
SPEED = "results/speed/machine={machine}"
PROBES = "results/probes/machine={machine}"

TIMED = {  # table -> the files that it is gathered from
    "speed": [f"{SPEED}/points.csv", f"{SPEED}/samples.csv", f"{PROBES}/limit.csv"],
    "limit": [f"{PROBES}/limit.csv"],
    "inference": [f"{PROBES}/inference.csv"],
    "breakdown": [f"{PROBES}/breakdown.csv"],
    "scaling": [f"{PROBES}/scaling.csv", f"{PROBES}/neighbours.csv"],
    "costs": [f"{PROBES}/scaling.csv", f"{PROBES}/neighbours.csv"],
    "launches": [f"{PROBES}/breakdown.csv"],
    "probes": [f"{PROBES}/probes.csv"],
    "speedup": [f"{SPEED}/samples.csv", f"{PROBES}/inference.csv"],
    "noise": [f"{SPEED}/samples.csv"],
    "campaign": [f"{SPEED}/record.json"],
}
PARTS |= {
    table: study.made("speed", expand(files, machine=study.machine))
    for table, files in TIMED.items()
}
PARTS["machines"] = [MACHINE.format(machine=study.machine)]


rule machine:
    """Describe the machine that runs the jobs, which must be the one that the study is made for."""
    output:
        MACHINE,
    log:
        "results/logs/machine/{machine}.log",
    priority: 2
    retries: 0  # on the wrong node for good
    conda:
        "../../environment.yml"
    resources:
        gpu=study.shown_gpus,
    params:
        source=sources("machine"),
    script:
        "../scripts/timing/machine.py"


rule campaign:
    """Time training steps, all points in turn; what was measured before is taken up."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    output:
        points=f"{SPEED}/points.csv",
        samples=f"{SPEED}/samples.csv",
        fingerprint=f"{SPEED}/fingerprint.json",
        record=f"{SPEED}/record.json",
    log:
        f"{SPEED}/speed.log",
    retries: 0
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    resources:
        gpu=study.shown_gpus,
        runtime=minutes(estimate.speed()),
        seconds=estimate.speed(),
        seconds_by=PROTOCOL,
    params:
        points=[study.timing_row(address) for address in study.timings],
        sources=[sources.timing(study.timing(address)) for address in study.timings],
        protocol=study.protocol,
        source=sources("campaign"),
    script:
        "../scripts/timing/campaign.py"


rule probes:
    """Measure what stands beside the training steps: the machine's limits, use, parts, sizes."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    output:
        limit=f"{PROBES}/limit.csv",
        inference=f"{PROBES}/inference.csv",
        breakdown=f"{PROBES}/breakdown.csv",
        scaling=f"{PROBES}/scaling.csv",
        neighbours=f"{PROBES}/neighbours.csv",
        probes=f"{PROBES}/probes.csv",
    log:
        f"{PROBES}/probes.log",
    retries: 0
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    resources:
        gpu=study.shown_gpus,
        mem_mb=4000 + 1000 * study.usable_cores,  # a process on each core
        runtime=minutes(estimate.probes()),
        seconds=estimate.probes(),
        seconds_by=PROTOCOL,
    params:
        probes=study.probes,
        rounds=study["probes"]["rounds"],
        seed=study["speed"]["seed"],
        source=sources("probes"),
    script:
        "../scripts/timing/probes.py"


rule ab:
    """Say whether this tree trains faster than a commit; without an output, so that it looks anew."""
    input:
        vocab=f"{TIMED_TEXT}/vocab.json",
        ids=f"{TIMED_TEXT}/tokens.npy",
    log:
        "results/logs/ab.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    params:
        base=study.literal(str(study.config.get("base", "none"))),
        points=study.in_turn,
        seed=study["speed"]["seed"],
        table="results/ab.csv",
        source=sources("ab"),
    script:
        "../scripts/timing/ab.py"
