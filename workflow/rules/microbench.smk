"""Source → micro-benchmarks of its hot paths → held against a stored reference. Only on request."""

from rnnbench.microbench import PROCESSES

BENCH = PROJECT / "tests" / "bench"
REFERENCE = str(BENCH / "reference.csv")


rule microbench_process:
    """Run every micro-benchmark in one fresh process; nothing of the workflow runs beside it."""
    input:
        sorted(map(str, BENCH.glob("test_*.py"))),
    output:
        "results/microbench/machine={machine}/process={process}.json",
    log:
        "results/logs/microbench/machine={machine}/process={process}.log",
    conda:
        "../../environment.yml"
    threads: ALL_CORES
    params:
        source=sources("microbench_process"),
    script:
        "../scripts/microbench_process.py"


rule microbench_table:
    """Hold the times of all processes against the reference."""
    input:
        processes=expand(
            "results/microbench/machine={machine}/process={process}.json",
            machine=study.machine,
            process=range(1, PROCESSES + 1),
        ),
        reference=REFERENCE,
    output:
        times="results/microbench/times.csv",
        table="results/microbench.csv",
    log:
        "results/logs/microbench/table.log",
    conda:
        "../../environment.yml"
    params:
        machine=study.machine,
        source=sources("microbench_table"),
    script:
        "../scripts/microbench_table.py"


rule microbench_figure:
    """Draw the ratios to the reference and say what they show."""
    input:
        rules.microbench_table.output.table,
    output:
        svg="results/microbench/{figure}.svg",
        png="results/microbench/{figure}.png",
        finding="results/microbench/{figure}.txt",
    log:
        "results/logs/microbench/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        kind="microbench",
        source=sources("microbench_figure"),
    script:
        "../scripts/figure.py"


rule microbench:
    """Time the hot paths and compare them with the reference."""
    input:
        rules.microbench_table.output,
        "results/microbench/ratios.svg",


rule microbench_reference:
    """Make the last times the reference; without an output, so that a clone keeps its own."""
    input:
        rules.microbench_table.output.times,
    log:
        "results/logs/microbench/reference.log",
    conda:
        "../../environment.yml"
    params:
        reference=REFERENCE,
    shell:
        "install -m 644 {input} {params.reference:q} 2> {log}"
