"""Audit, write the page and its files, say the verdict, and fail if it is not passed."""

from rnnbench.provenance.script import recorded

import json
import logging
import sys
from functools import partial
from pathlib import Path

from rnnbench.audit import checklist, page, steps
from rnnbench.base.files import write_text

with recorded(snakemake):
    results, settings = Path("results"), dict(snakemake.params.items())
    project, say = (
        Path(snakemake.scriptdir).resolve().parents[2],
        partial(print, file=sys.stderr, flush=True),
    )
    del settings["source"]
    made = ("audit.json", "audit.html")
    asked = steps.Asked(**settings, project=project, made=made, cores=snakemake.threads)
    with steps.audited(asked, lambda line: say(f"audit: {line}")) as found:
        kind = {"results": "lie under `results/`", "bundle": "lie in the bundle"}
        answers = checklist.page(found.answers, found.integrity.title, kind[found.integrity.kind])
        write_text(results / "audit/checklist.md", answers)
        write_text(results / "audit.json", json.dumps(found.as_dict(), indent=1) + "\n")
        write_text(results / "audit.html", page.render(found))
    print(*found.lines(), sep="\n", file=sys.stderr)
    logging.error("%s", "\n".join(found.lines()))  # all that is told of a job that ends with 1
    sys.exit(None if found.passed else 1)
