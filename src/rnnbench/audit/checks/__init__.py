"""Checks of integrity: one file each, that holds some files against others.

The contract of a check: its docstring says what is held against what; ``check(tree)`` yields one
:class:`Checked` for each thing that it looked at, with a fault where there is one. A check that
finds nothing to look at yields nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rnnbench.audit.tree import Tree
from rnnbench.base import plugins

KIND = "audit_checks"


@dataclass(frozen=True)
class Checked:
    """A file that was looked at."""

    name: str  # of the file
    fault: str = ""  # what was expected and what was found; empty if all is well
    unchecked: str = ""  # why it could not be held against anything; empty if it was


def run(tree: Tree) -> Iterator[tuple[str, list[Checked]]]:
    """Yield the name of each check and what it looked at."""
    for name in plugins.names(KIND):
        yield name, list(_outcome(name, tree))


def _outcome(name: str, tree: Tree) -> Iterator[Checked]:
    """What a check looked at; where it stumbles over a file that is not what it should be, that."""
    try:
        yield from plugins.load(KIND, name).check(tree)
    except Exception as error:  # whatever a damaged file makes of a reader
        yield Checked(tree.title, f"cannot be checked to the end: {type(error).__name__} {error}")


def unlike(expected: object, found: object) -> str:
    """The fault of two values that should be one; empty if they are."""
    return "" if expected == found else f"expected {expected}, found {found}"
