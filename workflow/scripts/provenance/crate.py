"""Copy the workflow into the results, and write what binds them."""

from rnnbench.provenance.script import recorded

import json
from pathlib import Path

import yaml
from rnnbench.base.files import replacing, write_text
from rnnbench.provenance import finished_jobs
from rnnbench.provenance.bundle import publishable
from rnnbench.provenance.crate import METADATA, codecheck, workflow
from rnnbench.provenance.crate.entities import Step
from rnnbench.provenance.crate.metadata import metadata
from rnnbench.provenance.job_record import FOLDER

with recorded(snakemake):
    folder, settings = Path(snakemake.output.metadata).parent, snakemake.params
    config = yaml.safe_dump(settings.config, sort_keys=False)
    project = Path(snakemake.scriptdir).resolve().parents[2]
    texts = workflow.contents(project, config)
    for name, content in publishable(texts).items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)
    write_text(snakemake.output.codecheck, codecheck.text(folder))
    steps = [Step(**step) for step in settings.steps]
    jobs = finished_jobs.finished(folder / FOLDER)
    commit = workflow.commit(project)
    made = metadata(folder, steps, jobs, settings.machine, str(folder), commit)
    content = json.dumps(made, indent=1) + "\n"
    write_text(snakemake.output.metadata, publishable({METADATA: content.encode()}) and content)
