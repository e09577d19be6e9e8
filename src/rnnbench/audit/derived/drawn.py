"""Figures drawn from their tables once more, in both forms, and where they come out otherwise."""

import tempfile
from importlib.metadata import version
from pathlib import Path

from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files
from rnnbench.base.files import digest_of
from rnnbench.provenance.crate.workflow import FOLDER
from rnnbench.provenance.job_record import LOCK
from rnnbench.report import figures

DRAWS = "matplotlib"
FORMS = (".svg", ".png")


def derived(tree: Tree, name: str) -> str:
    """Draw a figure from its tables; which form comes out otherwise, or nothing."""
    parts = [inside(part) for part in tree.made_by[name]["inputs"]]
    tables = {Path(part).stem: csv_files.read(tree.path(part)) for part in parts}
    there = [name.replace(".svg", form) for form in FORMS]
    with tempfile.TemporaryDirectory() as folder:
        again = [Path(folder, Path(form).name) for form in there]
        figures.save(figures.draw(Path(name).stem, tables), *again)
        made = map(digest_of, again)
        other = [form for form, own in zip(there, made, strict=True) if tree.sha256(form) != own]
    return f"drawn again from its tables, {' and '.join(other)} differ" * bool(other)


def elsewhere(tree: Tree, name: str, here: str) -> str:
    """Why its bytes are not promised here; empty if they are."""
    lock, own = tree.path(f"{FOLDER}/{LOCK}"), f"{DRAWS}=={version(DRAWS)} "
    if not (lock.is_file() and own in lock.read_text(encoding="utf-8")):
        return f"expected {own}in {FOLDER}/{LOCK}, found another"
    machine = tree.made_by[name].get("machine")
    return "" if machine == here else f"drawn on {machine}, here {here}"
