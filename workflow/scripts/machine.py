"""Write what machine this is, and how it is set."""

from rnnbench import machine, preflight
from rnnbench.job import logged
from rnnbench.records import write_record

with logged(snakemake.log[0]):
    write_record(snakemake.output[0], machine.fingerprint() | preflight.facts())
