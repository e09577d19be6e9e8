"""Gather one table."""

from rnnbench.job import recorded

from rnnbench import csv_files, tables

with recorded(snakemake):
    table = tables.gather(
        snakemake.wildcards.table, list(snakemake.input), snakemake.params.missing
    )
    csv_files.write(snakemake.output[0], table)
