"""Write the page that holds every figure and table."""

from rnnbench.job import recorded

from importlib.metadata import version
from pathlib import Path

import psutil
import rnnbench
import yaml
from rnnbench import figures, overheads, report
from rnnbench.records import write_text

with recorded(snakemake):
    tables = figures.read_tables(Path(snakemake.input.tables[0]).parent)
    tables |= figures.read_tables(Path(snakemake.input.gates).parent)
    tables |= figures.read_tables(Path(snakemake.input.findings).parent)
    scripts = [Path(snakemake.scriptdir) / f"{rule}.py" for rule in snakemake.params.text_rules]
    born = psutil.Process().create_time()
    so_far = overheads.table_so_far(tables["runs"], scripts, Path(".snakemake"), born)
    shown = figures.drawn(snakemake.params.figures, Path(snakemake.input.figures[0]).parent)
    facts = {
        "Suite": f"rnnbench {rnnbench.__version__}, Snakemake {version('snakemake')}",
        "Configuration": yaml.safe_dump(snakemake.params.config, sort_keys=False),
    }
    write_text(snakemake.output[0], report.render(tables | {"overheads": so_far}, shown, facts))
