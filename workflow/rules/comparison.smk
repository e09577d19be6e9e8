"""Bundles of machines → the machines compared. Nothing is measured for it."""

from functools import partial

from rnnbench.base import plugins
from rnnbench.comparison.published import places

HARDWARE = [
    *("overall", "comparison", "declared", "best", "machines", "fingerprint", "noise"),
    *("limits", "time_to_target", "ngram_target", "crossover", "missing"),
]
DRAWN = plugins.names("hardware_figures")
SHARED = os.path.relpath(CALLED_FROM / "results/published")  # of the default study
PLACES = ["results/published", SHARED, str(PROJECT / "reference")]
BUNDLES = places.found(PLACES, study["hardware"]["bundles"])
PAGE = os.path.relpath("results/hardware.html", CALLED_FROM)  # as who called will open it


rule comparison:
    """Check the bundles of all machines and hold them against one of them, in all forms at once."""
    output:
        tables=expand("results/hardware/{table}.csv", table=HARDWARE),
        svg=expand("results/hardware/figures/{figure}.svg", figure=DRAWN),
        png=expand("results/hardware/figures/{figure}.png", figure=DRAWN),
        findings=expand("results/hardware/figures/{figure}.txt", figure=DRAWN),
        table="results/hardware.csv",
        page="results/hardware.html",
        words="results/hardware.md",
        summary="results/hardware.txt",
    log:
        "results/logs/comparison.log",
    conda:
        "../../environment.yml"
    params:
        bundles=study.literal(BUNDLES),
        own=study.literal(places.own(PLACES, study.machine)),
        reads=study.literal(places.files(BUNDLES)),
        content=partial(places.digest, BUNDLES),
        baseline=study["hardware"]["baseline"],
        targets=study["hardware"]["targets"],
        equal_within=study["hardware"]["equal_within"],
        vary=study.literal(study["hardware"]["vary"]),
        here=study.machine,
        source=sources("comparison"),
    script:
        "../scripts/comparison/comparison.py"


rule hardware:
    """Compare the machines whose bundles are here, and say the answer, each time it is asked."""
    input:
        rules.comparison.output,
        summary=rules.comparison.output.summary,
    log:
        "results/logs/hardware.log",
    conda:
        "../../environment.yml"
    params:
        page=study.literal(PAGE),
    shell:
        "cat {input.summary:q} 2> {log} && echo rnnbench: open {params.page:q}"


BENCH = PROJECT / "tests" / "bench"


rule microbench:
    """Time the hot paths on one thread; without an output, so that they are timed at each call."""
    input:
        sorted(map(str, BENCH.glob("test_*.py"))),
    log:
        "results/logs/microbench.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    params:
        python=sys.executable,
        alone="-p no:cacheprovider -p no:xdist --benchmark-enable --benchmark-warmup=on",
        times="results/microbench.json",
        table="results/microbench.csv",
        counting=BENCH / "instructions.py",
        counted=BENCH / "test_text.py",  # training steps take too long under valgrind
        instructions="results/microbench_instructions.csv",
    shell:
        "OMP_NUM_THREADS=1 {params.python:q} -m pytest {input:q} {params.alone}"
        " --benchmark-json={params.times} > {log} 2>&1"
        " && {params.python:q} -m pytest_benchmark compare {params.times} --csv={params.table}"
        " >> {log} 2>&1"
        " && {params.python:q} {params.counting:q} {params.instructions} {params.counted:q} >> {log} 2>&1"
