"""Results or a bundle → checked, a sample made again, judged. Nothing of the results is touched."""

BUNDLE = study["audit"]["bundle"]
AUDITED = "results" if BUNDLE == "none" else BUNDLE


rule audit:
    """Audit; without an output, so that it always looks, and what it wrote of a failure is kept."""
    log:
        "results/logs/audit.log",
    retries: 0
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    resources:
        gpu=study.shown_gpus,
        mem_mb=4000 + 1000 * study.usable_cores,  # a process on each core
        runtime=estimate.audit_minutes,
    params:
        path=study.literal(AUDITED),
        key=study.literal(study["audit"]["key"]),
        machine=study.machine,
        unavailable=study.unavailable,
        sample=study["audit"]["sample"],
        seed=study["audit"]["seed"],
        margin=study["audit"]["margin"],
        own_texts=study["own_texts"],
        source=sources("audit"),
    script:
        "../scripts/audit/audit.py"
