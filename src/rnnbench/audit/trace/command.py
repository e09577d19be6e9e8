"""Follow a number: ``python -m rnnbench trace results/tables/runs.csv:3:perplexity``."""

import argparse
from collections.abc import Sequence

from rnnbench.audit.trace import opened, told


def main(arguments: Sequence[str]) -> int:
    """Print the trace; 0 if all is what was read and nothing contradicts itself, else 1.

    Raises:
        UserError: there is nothing to follow.
    """
    parser = argparse.ArgumentParser(prog="python -m rnnbench trace", description=__doc__)
    parser.add_argument(
        "what", help="FILE, TABLE:ROW or TABLE:ROW:COLUMN; a row is 1, 2 or a=b,c=d"
    )
    parser.add_argument("--all", action="store_true", help="list every file, however many")
    asked = parser.parse_args(arguments)
    path, row, column = _split(asked.what)
    trace, name = opened(path)
    print(*told.told(trace, name, row, column, asked.all), sep="\n")
    return int(bool(trace.changed(name) or trace.contradictions(name)))


def _split(what: str) -> tuple[str, str, str]:
    """File, row and column of ``a.csv:3:perplexity``."""
    head, dot, rest = what.rpartition(".csv")
    row, _, column = rest.removeprefix(":").partition(":")
    return (head + dot, row, column) if dot and rest.startswith(":") else (what, "", "")
