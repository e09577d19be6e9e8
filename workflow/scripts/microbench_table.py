"""Hold the times of the micro-benchmarks against the reference and say what came of it."""

from rnnbench.job import recorded

from rnnbench import csv_files, microbench
from rnnbench.microbench import ratios

with recorded(snakemake):
    times = microbench.times(snakemake.input.processes, snakemake.params.machine)
    found = microbench.table(times, csv_files.read(snakemake.input.reference))
    csv_files.write(snakemake.output.times, times)
    csv_files.write(snakemake.output.table, found)
    print(ratios.finding({"microbench": found}))
