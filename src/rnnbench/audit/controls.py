"""Negative controls: one bit is flipped in a file of each kind, and must be found.

An audit that finds nothing says something only if it would have found something. The flips are in
a copy, with times kept; the folder that is audited is not touched. The copy lies beside it, where
links take no room, or with the temporary files if nothing can be written there.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rnnbench.audit import integrity
from rnnbench.audit.tree import Tree


@dataclass(frozen=True)
class Control:
    """A flipped bit."""

    kind: str  # of file
    name: str  # of the file
    found: bool  # whether the checks of integrity named it


def run(tree: Tree) -> list[Control]:
    """Flip a bit in one file of each kind, all in one copy, and check that."""
    bound = tree.names if tree.manifest.exists() else [n for n in tree.names if n in tree.made_by]
    chosen = one_of_each(bound)
    beside = tree.root.parent if os.access(tree.root.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=beside, prefix=".control.") as folder:
        copy = replace(tree, root=Path(folder))
        for name in [*tree.names, tree.manifest.name]:
            _copied(tree.root / name, copy.root / name, flipped=name in chosen.values())
        named = {checked.name for _, checked in integrity.check(copy).faults}
    return [Control(kind, name, name in named) for kind, name in sorted(chosen.items())]


def one_of_each(names: Sequence[str]) -> dict[str, str]:
    """Kind of file -> one of it: the folder that it lies in, and its own name or ending."""
    kinds: dict[str, str] = {}
    for name in names:
        top, _, rest = name.partition("/")
        last = rest.rpartition("/")[2]
        alike = last if "=" in rest else Path(last).suffix
        kinds.setdefault(f"{top} {alike}".strip(), name)
    return kinds


def _copied(source: Path, target: Path, flipped: bool) -> None:
    if not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if not flipped:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system, or one without links
            pass
    shutil.copyfile(source, target)  # and not its mode, which may forbid to change it
    if flipped:
        with target.open("r+b") as file:
            middle = file.seek(0, os.SEEK_END) // 2
            file.seek(middle)
            byte = (file.read(1) or b"\0")[0]
            file.seek(middle)
            file.write(bytes([byte ^ 1]))
    found = source.stat()
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
