"""Run every micro-benchmark once, in a process of its own."""

from rnnbench import machine, microbench
from rnnbench.job import logged

with logged(snakemake.log[0]):
    machine.require(snakemake.wildcards.machine)
    microbench.measure(list(snakemake.input), snakemake.output[0])
