"""Run every micro-benchmark once, in a process of its own."""

from rnnbench.job import recorded

from rnnbench import machine, microbench

with recorded(snakemake, by_others=True):
    machine.require(snakemake.wildcards.machine)
    microbench.measure(list(snakemake.input), snakemake.output[0])
