"""Compare every machine whose bundle is here, in tables and in words."""

from rnnbench.job import recorded

from pathlib import Path

from rnnbench import csv_files
from rnnbench.hardware import bundles, together, words
from rnnbench.records import write_text

with recorded(snakemake):
    settings, output = snakemake.params, snakemake.output
    machines = bundles.read(settings.bundles)
    baseline = bundles.baseline(machines, settings.baseline, settings.here)
    found = together.tables(machines, baseline, settings.targets)
    for path in output.tables:
        csv_files.write(path, found[Path(path).stem])
    csv_files.write(output.table, found["comparison"])
    write_text(output.page, words.page(found, settings.here))
