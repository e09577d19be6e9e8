"""Hold the times of the micro-benchmarks against the reference and say what came of it."""

from rnnbench.job import recorded

from rnnbench import microbench, tables
from rnnbench.microbench import ratios

with recorded(snakemake):
    times = microbench.times(snakemake.input.processes, snakemake.params.machine)
    found = microbench.table(times, tables.read(snakemake.input.reference))
    tables.write(snakemake.output.times, times)
    tables.write(snakemake.output.table, found)
    print(ratios.finding({"microbench": found}))
