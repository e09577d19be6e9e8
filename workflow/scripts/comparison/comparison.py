"""Compare every machine whose bundle is here, in tables and in words."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.files import write_text
from rnnbench.comparison import markdown, tables
from rnnbench.comparison.published import bundles

with recorded(snakemake):
    settings, output = snakemake.params, snakemake.output
    machines = bundles.read(settings.bundles)
    baseline = bundles.baseline(machines, settings.baseline, settings.here)
    found = tables.tables(machines, baseline, settings.targets, settings.equal_within)
    for path in output.tables:
        csv_files.write(path, found[Path(path).stem])
    csv_files.write(output.table, found["comparison"])
    write_text(output.page, markdown.page(found, settings.here))
