"""Write the page that holds every figure and table, and its first screen as text."""

from rnnbench.provenance.script import recorded

from importlib.metadata import version
from pathlib import Path

import rnnbench
import yaml
from rnnbench.base.files import write_text
from rnnbench.report import figures, overview, report

with recorded(snakemake):
    tables = figures.read_tables(Path(snakemake.input.tables[0]).parent)
    tables |= figures.read_tables(Path(snakemake.input.gates).parent)
    tables |= figures.read_tables(Path(snakemake.input.findings).parent)
    shown = figures.drawn(
        snakemake.params.figures, Path(snakemake.output.page).with_name("figures")
    )
    suite = f"rnnbench {rnnbench.__version__}, Snakemake {version('snakemake')}"
    facts = report.facts(suite, yaml.safe_dump(snakemake.params.config, sort_keys=False))
    write_text(snakemake.output.page, report.render(tables, shown, facts))
    write_text(snakemake.output.summary, overview.summary(tables))
