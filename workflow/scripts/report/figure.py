"""Draw one figure and say what it shows."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.report import figures

with recorded(snakemake):
    name, kind = snakemake.wildcards.figure, snakemake.params.kind
    tables = {Path(path).stem: csv_files.read(path) for path in snakemake.input}
    figures.make(name, tables, Path(snakemake.output.svg).parent, kind)
