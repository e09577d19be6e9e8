"""Where bundles lie, and whether they are still what they were; read when rules are made."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rnnbench.provenance.bundle import MANIFEST


def found(folders: Sequence[str | Path], named: Sequence[str]) -> list[str]:
    """Paths of bundles: folders, zips whose folder is not there, and those that are named.

    Of bundles of one name in several folders, the one in the first folder is taken.
    """
    chosen: dict[str, Path] = {}
    for folder in map(Path, dict.fromkeys(map(str, folders))):
        there = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
        unpacked = {path.name: path for path in there if path.is_dir()}
        packed = {path.stem: path for path in there if path.suffix == ".zip"}
        chosen = {**packed, **unpacked, **chosen}
    paths = sorted(chosen.values(), key=lambda path: (not path.is_dir(), path))
    return list(dict.fromkeys(map(str, [*paths, *named])))


def files(paths: Sequence[str]) -> list[str]:
    """Those files that say what a bundle is."""
    asked = [path / MANIFEST if path.is_dir() else path for path in map(Path, paths)]
    return [str(path) for path in asked if path.is_file()]


def digest(paths: Sequence[str], wildcards: object = None) -> str:
    """SHA-256 over every byte of bundles, folders and zips alike, and over their names.

    As a parameter of a rule it makes the comparison again when any of them changes.
    """
    state = hashlib.sha256()
    for path in map(Path, paths):
        parts = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for part in parts:
            content = part.read_bytes() if part.is_file() else b""
            state.update(f"{part}\0{len(content)}\0".encode() + content)
    return state.hexdigest()
