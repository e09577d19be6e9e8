"""Can every text of a study be had? ``python -m rnnbench corpora CONFIG.yaml [MORE.yaml ...]``

Exit code 0 and no word: yes. 3 and one line: a text cannot be reached now. 2: a mistake to mend.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnbench.base import paths
from rnnbench.base.errors import StudyError
from rnnbench.study import schema
from rnnbench.text.corpora import Folders, unreachable


def main(arguments: Sequence[str]) -> int:
    """Print at most one line; the status to end with.

    Raises:
        UserError: the study has a mistake to mend.
    """
    parser = argparse.ArgumentParser(prog="python -m rnnbench corpora", description=__doc__)
    parser.add_argument("configs", nargs="+", type=Path, metavar="CONFIG.yaml")
    config = paths.expanded(schema.read(parser.parse_args(arguments).configs))
    line = _offline(config, Folders.from_environment())
    if line is None:
        return 0
    print(line)
    return 3


def _offline(config: dict[str, Any], folders: Folders) -> str | None:
    own_texts = config.get("own_texts") or {}
    for name in _named(config):
        reason = unreachable(name, own_texts, folders)
        if reason is not None:
            return (
                f"offline: {name} cannot be reached ({reason}); "
                "continuing with the built-in calibration corpus"
            )
    return None


def _named(config: dict[str, Any]) -> list[str]:
    """Corpora of the study, in order, each once."""
    lists = [config.get("corpora") or [], (config.get("runs") or {}).get("corpora") or []]
    if not all(isinstance(names, list) for names in lists):
        raise StudyError(f"corpora: expected a list of names, found {lists}. Write [NAME, NAME].")
    return list(dict.fromkeys(str(name) for names in lists for name in names))
