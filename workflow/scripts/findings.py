"""Hold every claim against the tables."""

from rnnbench.job import recorded

from pathlib import Path

from rnnbench import claims, csv_files, figures
from rnnbench.records import write_text

with recorded(snakemake):
    judged = claims.findings(figures.read_tables(Path(snakemake.input[0]).parent))
    csv_files.write(snakemake.output.table, judged)
    write_text(snakemake.output.page, claims.page(judged, snakemake.params.study))
