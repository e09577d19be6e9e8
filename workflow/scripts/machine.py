"""Write what machine this is, how it is set, and what software it has."""

from rnnbench.job import recorded

from rnnbench import fingerprint, machine
from rnnbench.records import write_record

with recorded(snakemake, by_others=True):
    wanted = snakemake.wildcards.machine
    machine.require(wanted)
    write_record(snakemake.output[0], {"machine": wanted} | fingerprint.read())
