"""Write a page of the training runs alone, and say that it can be read."""

from rnnbench.provenance.script import recorded

from pathlib import Path
from tempfile import TemporaryDirectory

from rnnbench.base import csv_files
from rnnbench.base.files import write_text
from rnnbench.report import figures, report
from rnnbench.tables import gather

with recorded(snakemake):
    output = Path(snakemake.output[0])
    with TemporaryDirectory() as folder:
        for name, missing in snakemake.params.missing.items():
            gathered = gather.gather(name, list(snakemake.input.get(name)), missing)
            csv_files.write(Path(folder, f"{name}.csv"), gathered)
        tables = figures.read_tables(folder)
        for name in snakemake.params.figures:
            figures.make(name, tables, folder)
        shown = figures.drawn(snakemake.params.figures, folder)
        facts = report.facts(snakemake.params.config)
        write_text(output, report.render(tables, shown, facts, first=True))
    print(f"rnnbench: first results: {output.resolve()}; the study goes on", flush=True)
