"""The files that jobs read and wrote are still the same; if not, they are changed or stale."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree, inside


def check(tree: Tree) -> Iterator[Checked]:
    """Hold each job's hashes of its outputs and inputs against the files.

    Files that are not there are the business of the manifest: some are temporary, and a bundle
    holds a part of all.
    """
    for name, record in tree.provenance.items():
        if not record.get("outputs"):
            yield Checked(name, "expected the record of a job, found something else")
            continue
        yield Checked(name, _backwards(record))
        for output, entry in record["outputs"].items():
            found = tree.sha256(inside(output))
            if found is not None:
                yield Checked(inside(output), _changed(entry["sha256"], found))
        yield from _inputs(tree, inside(next(iter(record["outputs"]))), record)


def _inputs(tree: Tree, made: str, record: dict[str, Any]) -> Iterator[Checked]:
    for source, entry in record.get("inputs", {}).items():
        found = tree.sha256(inside(source)) if source.startswith("results/") else None
        if found not in (None, entry["sha256"]):
            yield Checked(
                made,
                f"stale: made from {inside(source)} of SHA-256 {entry['sha256']}, "
                f"which is now {found}; `make` updates it",
            )


def _backwards(record: dict[str, Any]) -> str:
    """Whether a job ended before it started."""
    started, ended = record.get("started"), record.get("ended")
    if not (started and ended):
        return ""
    backwards = datetime.fromisoformat(ended) < datetime.fromisoformat(started)
    return f"its job ended {ended}, before it started, {started}" if backwards else ""


def _changed(expected: str, found: str) -> str:
    return "" if expected == found else f"changed: its job wrote SHA-256 {expected}, found {found}"
