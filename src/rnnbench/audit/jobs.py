"""Jobs as the crate of a folder of results tells of them: rule, files read, files made."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rnnbench.provenance import crate

STEP = "ControlAction"
FAULTS = (  # all that a damaged crate makes of its reading
    *(OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError),
)


def crate_jobs(root: Path) -> list[dict[str, Any]]:
    """Every job with its ``rule``, and ``inputs`` and ``outputs`` in no order of meaning.

    A folder without a crate, or with one that is none, has no jobs; the manifest's check says so.
    """
    try:
        graph = json.loads((root / crate.METADATA).read_bytes())["@graph"]
        rules = {
            _refs(entity, "object")[0]: _refs(entity, "instrument")[0].partition("#")[2]
            for entity in graph
            if entity.get("@type") == STEP
        }
        return [_job(entity, rules[entity["@id"]]) for entity in graph if entity["@id"] in rules]
    except FAULTS:
        return []


def _job(entity: dict[str, Any], rule: str) -> dict[str, Any]:
    files = {"inputs": _refs(entity, "object"), "outputs": _refs(entity, "result")}
    return {"rule": rule} | {part: {unquote(n): {} for n in names} for part, names in files.items()}


def _refs(entity: dict[str, Any], name: str) -> list[str]:
    found = entity.get(name, [])
    return [part["@id"] for part in (found if isinstance(found, list) else [found])]
