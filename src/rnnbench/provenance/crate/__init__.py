"""A folder of results as a Workflow Run RO-Crate: which file came of which job, bound by hashes.

``ro-crate-metadata.json`` in the folder lists every file that the workflow made there, with its
size and SHA-256, and ties them to the jobs, rules and texts of the workflow that they came of:
Provenance Run Crate 0.5 on RO-Crate 1.1. It is the manifest of a folder of results, as
``manifest.json`` is that of a bundle. Reading it needs nothing but the standard library.
"""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from rnnbench.base.errors import UserError

METADATA = "ro-crate-metadata.json"
AFTERWARDS = (  # made of results, on request, or of how they were made
    *("published/", "hardware", "audit", "microbench", "ab.csv"),
    "logs/",
)
LEFT = ("thumbs.db", "desktop.ini", "__macosx")
SHA256 = re.compile("[0-9a-f]{64}")


class CrateError(UserError):
    """A folder of results whose crate cannot be believed."""


def present(folder: str | Path) -> list[str]:
    """Names of what is in a folder of results and belongs into its crate, links too, sorted.

    Left out are the crate's metadata, logs, checkpoints of runs that have not ended, what other
    programs leave behind, and what is made afterwards: bundles, comparisons, audits, and studies
    on request.
    """
    folder = Path(folder)
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(name for path in found if belongs(name := path.relative_to(folder).as_posix()))


def belongs(name: str) -> bool:
    """Whether a file of this name, relative to the folder of results, is listed in the crate."""
    last = name.rpartition("/")[2]
    passing = left_behind(name) or last.startswith("checkpoint.") or last.endswith(".log")
    told = name.removeprefix("provenance/")  # what is said of a job goes with what it made
    return not passing and not told.startswith((METADATA, *AFTERWARDS))


def left_behind(name: str) -> bool:
    """Whether a name is one of those that other programs leave: hidden, or a copy before an edit.

    Files of the suite's own are hidden while they are written.
    """
    parts = name.lower().split("/")
    return any(part.startswith((".", "#")) or part.endswith("~") or part in LEFT for part in parts)


def listed(folder: str | Path) -> dict[str, str]:
    """Name, relative to the folder of results, -> SHA-256 of every file in its crate.

    Raises:
        CrateError: no crate, no JSON, or a file in it without a hash, or one that leads elsewhere.
    """
    path = Path(folder) / METADATA
    files = [entity for entity in _graph(path) if "File" in _types(entity)]
    return dict(_entry(path, entity) for entity in files)


def _graph(path: Path) -> list[dict[str, Any]]:
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
        raise _fault(path, "the crate of a folder of results", found) from None
    if not isinstance(graph, list) or not all(isinstance(entity, dict) for entity in graph):
        raise _fault(path, "a graph of entities", type(graph).__name__)
    return graph


def _types(entity: dict[str, Any]) -> list[Any]:
    found: Any = entity.get("@type")
    return found if isinstance(found, list) else [found]


def _entry(path: Path, entity: dict[str, Any]) -> tuple[str, str]:
    name, sha256 = unquote(str(entity.get("@id"))), str(entity.get("sha256"))
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts or name != inside.as_posix():
        raise _fault(path, "names inside the folder", repr(name))
    if not SHA256.fullmatch(sha256):
        raise _fault(path, f"the SHA-256 of {name}", sha256)
    return name, sha256


def _fault(path: Path, expected: str, found: str) -> CrateError:
    return CrateError(
        f"{path}: expected {expected}, found {found}. Make it again: snakemake --cores 1 "
        "--forcerun crate."
    )
