"""Where bundles lie, and whether they are still what they were; read when rules are made."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rnnbench.provenance.bundle import MANIFEST, is_packed


def found(folders: Sequence[str | Path], named: Sequence[str]) -> list[str]:
    """Paths of bundles: folders, zips, and those that are named.

    A zip that has what the folder beside it has is left out; one of a twin, a machine of the same
    model, has the same name and is not. Of folders of one name in several places, the one in the
    first place is taken.
    """
    unpacked: dict[str, Path] = {}
    packed: list[Path] = []
    for folder in map(Path, dict.fromkeys(map(str, folders))):
        there = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
        zips = [path for path in there if path.suffix == ".zip" and not path.is_dir()]
        packed += [path for path in zips if not is_packed(path, path.with_suffix(""))]
        unpacked = {path.name: path for path in there if path.is_dir()} | unpacked
    return list(dict.fromkeys(map(str, [*sorted(unpacked.values()), *packed, *named])))


def own(folders: Sequence[str | Path], here: str) -> str:
    """The folder that the machine of the name ``here`` published, the first of them, or nothing."""
    published = [Path(folder) / f"machine={here}" for folder in folders]
    return str(next((path for path in published if path.is_dir()), ""))


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
