"""Write the page that compares machines."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base.files import write_text
from rnnbench.comparison import page
from rnnbench.report import figures

with recorded(snakemake):
    settings, files = snakemake.params, snakemake.input
    found = figures.read_tables(Path(files.tables[0]).parent)
    shown = figures.drawn(settings.figures, Path(files.figures[0]).parent)
    write_text(snakemake.output[0], page.render(found, shown, settings.here))
