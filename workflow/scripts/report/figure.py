"""Draw one figure and say what it shows."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.files import write_text
from rnnbench.report import figures

with recorded(snakemake):
    name, kind = snakemake.wildcards.figure, snakemake.params.kind
    tables = {Path(path).stem: csv_files.read(path) for path in snakemake.input}
    figures.save(figures.draw(name, tables, kind), snakemake.output.svg, snakemake.output.png)
    write_text(snakemake.output.finding, figures.finding(name, tables, kind) + "\n")
