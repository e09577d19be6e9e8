"""Bundles of machines → the machines compared. Nothing is measured for it."""

from functools import partial

from rnnbench.base import plugins
from rnnbench.comparison.published import places

HARDWARE = [
    *("overall", "comparison", "best", "machines", "fingerprint", "noise", "limits"),
    *("time_to_target", "crossover", "missing"),
]
DRAWN = "hardware_figures"
SHARED = os.path.relpath(CALLED_FROM / "results/published")  # references, whatever the study
BUNDLES = places.found(["results/published", SHARED], study["hardware"]["bundles"])


rule comparison:
    """Check the bundles of all machines and hold them against one of them."""
    output:
        tables=expand("results/hardware/{table}.csv", table=HARDWARE),
        table="results/hardware.csv",
        page="results/hardware.md",
    log:
        "results/logs/hardware.log",
    conda:
        "../../environment.yml"
    params:
        bundles=study.literal(BUNDLES),
        reads=study.literal(places.files(BUNDLES)),
        content=partial(places.digest, BUNDLES),
        baseline=study["hardware"]["baseline"],
        targets=study["hardware"]["targets"],
        equal_within=study["hardware"]["equal_within"],
        here=study.machine,
        source=sources("comparison"),
    script:
        "../scripts/comparison/comparison.py"


rule hardware_figure:
    """Draw one figure of the comparison and say what it shows."""
    input:
        rules.comparison.output.tables,
    output:
        svg="results/hardware/figures/{figure}.svg",
        png="results/hardware/figures/{figure}.png",
        finding="results/hardware/figures/{figure}.txt",
    log:
        "results/logs/hardware_figure/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        kind=DRAWN,
        source=sources("hardware_figure"),
    script:
        "../scripts/report/figure.py"


rule hardware_page:
    """Write the page that holds the comparison: verdicts first, then what they rest on."""
    input:
        tables=rules.comparison.output.tables,
        figures=expand(rules.hardware_figure.output, figure=plugins.names(DRAWN)),
    output:
        "results/hardware.html",
    log:
        "results/logs/hardware_page.log",
    conda:
        "../../environment.yml"
    params:
        figures=plugins.names(DRAWN),
        here=study.machine,
        source=sources("hardware_page"),
    script:
        "../scripts/comparison/hardware_page.py"


rule hardware:
    """Compare the machines that were published, and those of the bundles that are named."""
    input:
        rules.comparison.output,
        rules.hardware_page.output,


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
    shell:
        "OMP_NUM_THREADS=1 {params.python:q} -m pytest {input:q} {params.alone}"
        " --benchmark-json={params.times} > {log} 2>&1"
        " && {params.python:q} -m pytest_benchmark compare {params.times} --csv={params.table}"
        " >> {log} 2>&1"
