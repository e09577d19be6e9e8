"""Which study a folder's results are of, so that no other one replaces them unsaid."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnbench.base.errors import StudyError
from rnnbench.base.files import write_text
from rnnbench.study.study import PASSING_ON

NOTE = Path(".snakemake/study.json")
TABLES = "results/tables/*.csv"
ASIDE = (*PASSING_ON, "hardware", "machine")  # change no result of the study itself
ADDED = "speed.sittings"  # more of them replace nothing
MOST = 3  # changes that are named


def remember(config: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Note the study that runs in the working folder: its configuration, its files on top."""
    NOTE.parent.mkdir(exist_ok=True)
    write_text(NOTE, json.dumps({"files": _seen(files), "config": dict(_leaves(config))}))


def replaced(config: Mapping[str, Any], files: Sequence[Path], chosen: bool) -> str:
    """What this configuration changes of the study whose tables are here; empty: nothing.

    Args:
        files: configuration files on top of the default one.
        chosen: whether the folder was named by the user, and not after the files.

    Raises:
        StudyError: the tables are of another file that happens to have the same name.
    """
    if not NOTE.exists() or not any(Path().glob(TABLES)):
        return ""
    note, now = json.loads(NOTE.read_text(encoding="utf-8")), dict(_leaves(config))
    changes = [
        f"{key}: {note['config'].get(key, 'none')} before, {now.get(key, 'none')} now"
        for key in dict.fromkeys([*now, *note["config"]])
        if note["config"].get(key) != now.get(key) and key != ADDED
    ]
    if not changes:
        return ""
    here = Path.cwd()
    if note["files"] != _seen(files) and not chosen:
        found = " ".join(os.path.normpath(here / file) for file in note["files"])
        raise StudyError(
            f"{here}: expected no results, or those of {' '.join(map(str, files))}, found those of "
            f"{found}. Rename the file, or name another folder: --directory FOLDER."
        )
    more = f"; {len(changes) - MOST} more" if len(changes) > MOST else ""
    return (
        f"the results in {here} were made with another configuration "
        f"({'; '.join(changes[:MOST])}{more}). What depends on the changes is made again and "
        "replaced. To keep both, write the changes into a file: --configfile FILE gives them a "
        "folder of their own."
    )


def _seen(files: Sequence[Path]) -> list[str]:
    """Paths as seen from the working folder, so that a project may be moved."""
    return [Path(os.path.relpath(file)).as_posix() for file in files]


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield each key that holds no mapping, with its value as text."""
    if not isinstance(value, Mapping):
        yield where, json.dumps(value)
        return
    for key, inner in value.items():
        if where or key not in ASIDE:
            yield from _leaves(inner, f"{where}.{key}".lstrip("."))
