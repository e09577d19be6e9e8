"""Gather one table."""

from rnnbench import tables
from rnnbench.job import logged

with logged(snakemake.log[0]):
    table = tables.gather(
        snakemake.wildcards.table, list(snakemake.input), snakemake.params.missing
    )
    tables.write(snakemake.output[0], table)
