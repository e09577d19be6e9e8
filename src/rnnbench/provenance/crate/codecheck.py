"""The author's part of a CODECHECK, ``codecheck.yml``: which files a checker is to make again.

By version 1.0 of its rules the manifest is a list of paths beside the file, here the study's tables
and figures. Whoever checks adds who they are and where their report is; nothing is invented.
"""

from pathlib import Path

import yaml

from rnnbench.provenance.crate import present
from rnnbench.provenance.crate.workflow import FOLDER, SOURCE

NAME = "codecheck.yml"
VERSION = "https://codecheck.org.uk/spec/config/1.0/"


def text(results: str | Path) -> str:
    """The file's text, given a folder of results that holds the workflow's own texts."""
    results = Path(results)
    shown = [name for name in present(results) if name.startswith(("tables/", "figures/"))]
    citation = yaml.safe_load((results / FOLDER / "CITATION.cff").read_text(encoding="utf-8"))
    content = {
        "version": VERSION,
        "paper": {key: citation[key] for key in ("title", "authors")},
        "source": f"{SOURCE}: library, workflow and configuration",
        "manifest": [_item(results / name, name) for name in shown if not name.endswith(".txt")],
    }
    return yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, explicit_start=True, version=(1, 1)
    )


def _item(path: Path, name: str) -> dict[str, str]:
    """A file of the manifest, with what a figure shows in one sentence."""
    said = path.with_suffix(".txt")
    comment = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
    return {"file": name} | ({"comment": comment} if comment else {})
