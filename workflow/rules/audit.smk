"""Results or a bundle → checked, a sample made again, judged. Nothing of the results is touched."""


rule audit:
    """Audit; without an output, so that it always looks, and what it wrote of a failure is kept."""
    log:
        "results/logs/audit.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    params:
        path=study["audit"]["bundle"].replace("none", "results"),
        key=study["audit"]["key"],
        machine=study.machine,
        unavailable=study.unavailable,
        sample=study["audit"]["sample"],
        seed=study["audit"]["seed"],
        margin=study["audit"]["margin"],
        source=sources.suite(),
    script:
        "../scripts/audit.py"
