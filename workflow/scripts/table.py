"""Gather one table."""

from rnnbench.job import recorded

from rnnbench import tables

with recorded(snakemake):
    table = tables.gather(
        snakemake.wildcards.table, list(snakemake.input), snakemake.params.missing
    )
    tables.write(snakemake.output[0], table)
