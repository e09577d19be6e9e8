"""Copy the workflow into the results, and write what binds them."""

from rnnbench.job import recorded

import json
from pathlib import Path

import yaml
from rnnbench import ledger
from rnnbench.bundle import publishable
from rnnbench.crate import METADATA, workflow
from rnnbench.crate.entities import Step
from rnnbench.crate.metadata import metadata
from rnnbench.records import write_text

with recorded(snakemake):
    folder, settings = Path(snakemake.output.metadata).parent, snakemake.params
    config = yaml.safe_dump(settings.config, sort_keys=False)
    texts = workflow.contents(Path(snakemake.scriptdir).resolve().parents[1], config)
    for name, content in publishable(texts).items():
        write_text(folder / name, content.decode())
    steps = [Step(**step) for step in settings.steps]
    jobs = ledger.finished(Path(".snakemake"))
    made = metadata(folder, steps, jobs, settings.machine, str(folder))
    content = json.dumps(made, indent=1) + "\n"
    write_text(snakemake.output.metadata, publishable({METADATA: content.encode()}) and content)
