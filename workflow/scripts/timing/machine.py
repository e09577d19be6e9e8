"""Write what machine this is, how it is set, and what software it has."""

from rnnbench.provenance.script import recorded

from rnnbench.base.files import write_record
from rnnbench.machine import fingerprint, identity

with recorded(snakemake, by_others=True):
    expected = snakemake.wildcards.machine
    identity.require(expected)
    write_record(snakemake.output[0], {"machine": expected} | fingerprint.read())
