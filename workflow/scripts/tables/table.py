"""Gather one table."""

from rnnbench.provenance.script import recorded

from rnnbench.base import csv_files
from rnnbench.tables import gather

with recorded(snakemake):
    table = gather.gather(
        snakemake.wildcards.table, list(snakemake.input), snakemake.params.missing
    )
    csv_files.write(snakemake.output[0], table)
