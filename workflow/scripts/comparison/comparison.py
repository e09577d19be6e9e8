"""Compare every machine whose bundle is here: tables, figures, a page, Markdown and a few lines."""

from rnnbench.provenance.script import recorded

from pathlib import Path

from rnnbench.base import csv_files
from rnnbench.base.files import write_text
from rnnbench.comparison import answers, markdown, page, tables
from rnnbench.comparison.published import bundles
from rnnbench.comparison.published.contract import Terms
from rnnbench.report import figures

with recorded(snakemake):
    settings, output = snakemake.params, snakemake.output
    machines = bundles.read(settings.bundles, settings.own)
    baseline = bundles.baseline(machines, settings.baseline, settings.here)
    terms = Terms(settings.equal_within, tuple(settings.vary))
    made = tables.tables(machines, baseline, settings.targets, terms)
    for path in output.tables:
        csv_files.write(path, made[Path(path).stem])
    csv_files.write(output.table, made["comparison"])
    write_text(output.words, markdown.page(made, settings.here))
    found = figures.read_tables(Path(output.tables[0]).parent)
    for svg, png, finding in zip(output.svg, output.png, output.findings, strict=True):
        name = Path(svg).stem
        figures.save(figures.draw(name, found, figures.HARDWARE), svg, png)
        write_text(finding, figures.finding(name, found, figures.HARDWARE) + "\n")
    shown = figures.drawn([Path(svg).stem for svg in output.svg], Path(output.svg[0]).parent)
    write_text(output.page, page.render(found, shown, settings.here))
    write_text(output.summary, "\n".join(answers.summary(found, settings.here)) + "\n")
