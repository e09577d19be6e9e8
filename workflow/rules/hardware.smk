"""Bundles of machines → the machines compared. Nothing is measured for it."""

from functools import partial

from rnnbench.hardware import places

HARDWARE = [
    *("comparison", "best", "machines", "fingerprint", "noise", "limits"),
    *("time_to_target", "crossover", "missing"),
]
BUNDLES = places.found("results/published", study["hardware"]["bundles"])


rule comparison:
    """Check the bundles of all machines and hold them against one of them."""
    input:
        places.files(BUNDLES),
    output:
        tables=expand("results/hardware/{table}.csv", table=HARDWARE),
        table="results/hardware.csv",
        page="results/hardware.md",
    log:
        "results/logs/hardware.log",
    conda:
        "../../environment.yml"
    params:
        bundles=BUNDLES,
        content=partial(places.digest, BUNDLES),
        baseline=study["hardware"]["baseline"],
        targets=study["hardware"]["targets"],
        here=study.machine,
        source=sources.hardware(),
    script:
        "../scripts/comparison.py"


rule hardware:
    """Compare the machines that were published, and those of the bundles that are named."""
    input:
        rules.comparison.output,
