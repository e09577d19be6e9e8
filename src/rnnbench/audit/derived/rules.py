"""The rules of the workflow, and which of them can have made a file of the results."""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).with_name("rules.yaml")


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Rule -> ``makes``, patterns of names; ``own`` and ``passing`` where they hold."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return read


def makers(name: str) -> list[str]:
    """Rules that may have made a file."""
    found = rules().items()
    return [rule for rule, made in found if any(fnmatchcase(name, one) for one in made["makes"])]
