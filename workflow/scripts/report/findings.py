"""Hold every claim against the tables."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.files import write_text
from rnnbench.report import claims, figures

with recorded(snakemake):
    judged = claims.findings(figures.read_tables(Path(snakemake.input[0]).parent))
    csv_files.write(snakemake.output.table, judged)
    write_text(snakemake.output.page, claims.page(judged, snakemake.params.study))
