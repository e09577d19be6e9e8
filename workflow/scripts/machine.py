"""Write what machine this is, how it is set, and what software it has."""

from rnnbench import fingerprint, machine
from rnnbench.job import logged
from rnnbench.records import write_record

with logged(snakemake.log[0]):
    ran_on = machine.require(snakemake.wildcards.machine)
    here = {"machine": snakemake.wildcards.machine, "ran_on": ran_on}
    write_record(snakemake.output[0], fingerprint.read() | here)
