"""What may happen to one file of a tree, by accident or by intent; its time stays as it was.

Each takes the tree, the name of the file and the randomness of the case, changes the tree, and
returns the names that whoever checks it must tell.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[Path, str, Random], set[str]]


def rewrite(path: Path, content: bytes) -> None:
    """Change what a file holds, and leave its time."""
    stamp = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def flipped(root: Path, name: str, random: Random) -> set[str]:
    """One bit of it is another."""
    content = bytearray((root / name).read_bytes())
    place, bit = random.randrange(len(content)), random.randrange(8)
    content[place] ^= 1 << bit
    rewrite(root / name, bytes(content))
    print(f"bit {bit} of byte {place} of {len(content)} of {name}")
    return {name}


def truncated(root: Path, name: str, random: Random) -> set[str]:
    content = (root / name).read_bytes()
    rewrite(root / name, content[: random.randrange(1, len(content))])
    return {name}


def emptied(root: Path, name: str, random: Random) -> set[str]:
    rewrite(root / name, b"")
    return {name}


def swapped(root: Path, name: str, random: Random) -> set[str]:
    """It changes places with another one, preferably of its own kind."""
    content = (root / name).read_bytes()
    others = [path for path in sorted(root.rglob("*")) if path.is_file()]
    others = [path for path in others if path.suffix and path.read_bytes() != content]
    alike = [path for path in others if path.suffix == Path(name).suffix]
    other = random.choice(alike or others)
    rewrite(root / name, other.read_bytes())
    rewrite(other, content)
    return {name, other.relative_to(root).as_posix()}


def added(root: Path, name: str, random: Random) -> set[str]:
    """There is one more of its kind."""
    more = (root / name).with_stem(f"{Path(name).stem}-{random.randrange(100)}")
    shutil.copy2(root / name, more)
    return {more.relative_to(root).as_posix()}


def deleted(root: Path, name: str, random: Random) -> set[str]:
    (root / name).unlink()
    return {name}


def renamed(root: Path, name: str, random: Random) -> set[str]:
    more = added(root, name, random)
    return deleted(root, name, random) | more


def linked(root: Path, name: str, random: Random) -> set[str]:
    """It lies elsewhere, and a link is in its place; whoever follows it finds what was there."""
    elsewhere = root.with_name(f"elsewhere-{random.randrange(100)}")
    shutil.move(root / name, elsewhere)
    (root / name).symlink_to(elsewhere)
    return {name}


ALL: tuple[Damage, ...] = (
    *(flipped, truncated, emptied, swapped),
    *(added, deleted, renamed, linked),
)
