"""Source → its hot paths timed by pytest-benchmark. Only on request."""

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
