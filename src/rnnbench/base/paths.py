"""The folder of a study, and the paths that its configuration names.

Everything that reads or rewrites such a path does it here, all of them at once.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

KEYS = (  # * is any name or place in a list
    *("own_texts.*.source", "own_texts.*.valid", "own_texts.*.test", "hardware.bundles.*"),
    *("sign", "audit.bundle", "audit.key"),
)
NO_PATH = "none"  # the word that stands where a path would
STUDIES = Path("studies")
FOLDER = "RNNBENCH_STUDY"  # environment: the folder of the study, seen from where it was called


def expanded(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it is read, ``~`` and ``~name`` written out as folders."""
    return each(config, os.path.expanduser)


def seen_from(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it is read here, its relative paths having started at ``folder``."""
    return each(
        expanded(config),
        lambda path: path if Path(path).is_absolute() else os.path.relpath(folder / path),
    )


def named(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as it is told to others: of what is not in this folder the name alone."""
    return each(config, told)


def told(path: str) -> str:
    """A path as others may know it: where it lies in this folder, or its name."""
    return inside(path) or Path(path).name


def anchored(config: Mapping[str, Any], *folders: Path) -> dict[str, Any]:
    """The configuration as it is read from another folder: paths of what lies in ``folders``.

    What lies in several is taken from the first.
    """

    def found(path: str) -> str:
        there = [folder / path for folder in folders if (folder / path).exists()]
        return str(there[0].resolve()) if there else path

    return each(config, found)


def each(config: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy of the configuration with every path changed; URLs are none, and stay."""
    found: Any = config
    for key in KEYS:
        found = _changed(found, key.split("."), change)
    return found


def _changed(value: Any, keys: list[str], change: Callable[[str], str]) -> Any:
    """Change what lies below ``keys``; what has another form than it should stays as it is."""
    if not keys:
        is_path = isinstance(value, str) and "://" not in value and value != NO_PATH
        return change(value) if is_path else value
    expected, *rest = keys
    if isinstance(value, list) and expected == "*":
        return [_changed(part, rest, change) for part in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _changed(part, rest, change) if expected in (key, "*") else part
        for key, part in value.items()
    }


def inside(path: str | Path) -> str | None:
    """A path as seen from the working folder, with ``/`` on every system; None: not in it."""
    here = Path.cwd()
    absolute = here / path
    if ".." in absolute.parts:
        absolute = absolute.resolve()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else None


def folder(configfiles: Sequence[str | Path]) -> Path:
    """Where the study of these configuration files lives, seen from where Snakemake is called.

    The default study, which names none, lives right here. Every other one has a folder of its own,
    called after its files, so that no study replaces the results of another.
    """
    stems = [Path(file).stem for file in configfiles]
    return STUDIES / "-".join(stems) if stems else Path()
