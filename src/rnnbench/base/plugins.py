"""Names to modules: a file in a package is an entry of it; there is no list to keep."""

import ast
import difflib
import importlib
import pkgutil
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnbench.base.errors import StudyError

KINDS = {  # kind of plugin -> the package whose files are the plugins
    "corpora": "text.corpora",
    "cleanings": "text.cleanings",
    "smoothings": "text.ngrams.smoothings",
    "zipf": "text.zipf",
    "cells": "training.cells",
    "implementations": "training.implementations",
    "samplers": "training.samplers",
    "optimisers": "training.engines.optimisers",
    "schedules": "training.engines.schedules",
    "forecasters": "sine.forecasters",
    "tasks": "tasks.kinds",
    "decoders": "writing.decoders",
    "work": "timing.work",
    "figures": "report.figures",
    "claims": "report.claims",
    "hardware_figures": "comparison.figures",
    "audit_checks": "audit.checks",
}


def names(kind: str) -> list[str]:
    """Names of the modules of a kind, sorted.

    The package itself is not imported: reading a study must not load torch.
    """
    found = (module.name for module in pkgutil.iter_modules(_folders(kind)))
    return sorted(name for name in found if not name.startswith("_"))


def check(kind: str, name: str) -> str:
    """Return ``name`` if there is a plugin of that kind and name.

    Raises:
        StudyError: it has none.
    """
    if name not in names(kind):
        raise StudyError(
            f"unknown name {name!r} in {kind}; {among(str(name), names(kind))} "
            f"To add it, write {place(kind)}/{name}.py."
        )
    return name


def among(name: str, known: Collection[str]) -> str:
    """What there is in place of ``name``, and which of it was probably meant."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"there are {', '.join(known)}." + "".join(f" Did you mean {one}?" for one in close)


def load(kind: str, name: str) -> ModuleType:
    """Import the plugin ``name`` of a kind.

    Raises:
        StudyError: there is no such module.
    """
    return importlib.import_module(f"rnnbench.{KINDS[kind]}.{check(kind, name)}")


def constant(kind: str, name: str, field: str) -> Any:
    """Return the literal that a module assigns to ``field``, or None; the module is not imported.

    Raises:
        StudyError: there is no such module.
    """
    paths = (Path(folder) / f"{check(kind, name)}.py" for folder in _folders(kind))
    source = next(path for path in paths if path.is_file()).read_text(encoding="utf-8")
    assigned = _assigned(source)
    return ast.literal_eval(assigned[field]) if field in assigned else None


@cache
def _assigned(source: str) -> dict[str, ast.expr]:
    """What a source first assigns to each name; a study asks thousands of times for a few files."""
    statements = (part for part in ast.parse(source).body if isinstance(part, ast.Assign))
    return {ast.unparse(part.targets[0]): part.value for part in reversed([*statements])}


def tables(kind: str, name: str) -> tuple[str, ...]:
    """Names of the tables that a figure or claim says it reads.

    Raises:
        StudyError: it says of none.
    """
    expected: tuple[str, ...] | None = constant(kind, name, "TABLES")
    if not expected:
        raise StudyError(
            f"{place(kind)}/{name}.py: expected TABLES, the names of the "
            'tables that it reads, such as TABLES = ("runs", "curves"), found none. Add it.'
        )
    return expected


def place(kind: str) -> str:
    """Where plugins of a kind lie in the project."""
    return f"src/rnnbench/{KINDS[kind].replace('.', '/')}"


def _folders(kind: str) -> list[str]:
    spec = find_spec(f"rnnbench.{KINDS[kind]}")
    return list(spec.submodule_search_locations or ()) if spec else []
