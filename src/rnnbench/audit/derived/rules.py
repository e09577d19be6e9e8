"""The rules of the workflow: which can have made a file, and whether this source did."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rnnbench.base import digests

RULES = Path(__file__).with_name("rules.yaml")


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Rule -> ``makes``, patterns of names; what else is said of it where that holds."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return read


def makers(name: str) -> list[str]:
    """Rules that may have made a file."""
    found = rules().items()
    return [rule for rule, made in found if any(fnmatchcase(name, one) for one in made["makes"])]


def of_this_source(job: Mapping[str, Any]) -> bool:
    """Whether the source that lies here is that of a job, given its record."""
    told = job.get("params", {}).get("source")
    if not isinstance(told, dict):
        return False
    return _here().source(told.get("starts", ()))["sha256"] == told.get("sha256")


def whole_source() -> str:
    """Digest of all the source that lies here, as a bundle names it."""
    return _here().source(["scripts/publish", digests.EVERYTHING])["sha256"]


@cache
def _here() -> digests.Tree:
    return digests.Tree()
