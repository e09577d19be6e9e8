"""Count how often the statistics keep their promises: ``python -m tests.promises``.

The counts become the tables of docs/statistics.md. Of the timings of a machine in several sittings,
with ``--noise``, it tells the noise between them, as rows of statistics/noise.csv, and with
``--resample`` how often two machines made of these sittings are told apart.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import write_text

from . import laws, measuring

PAGE = Path(__file__).parents[2] / "docs/statistics.md"
BEGIN, END = "<!-- written by `python -m tests.promises` -->", "<!-- to here -->"
HEAD = "| machines | promised | found | 95 % interval | |\n|---|---|---|---|---|\n"


def put(page: str, found: DataFrame, pairs: int) -> str:
    """The page with its marked part written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    kept, broken = ((found.law == law).sum() for law in (laws.KEPT, laws.BROKEN))
    parts = [f"{pairs:,} pairs of machines each: {kept} laws hold, {broken} do not."]
    for promise, rows in found.groupby("promise", sort=False):
        lines = "\n".join(_line(row) for row in rows.to_dict("records"))
        parts.append(f"**{promise[0].upper()}{promise[1:]}**\n\n{HEAD}{lines}")
    return "".join((before, "\n\n".join([BEGIN, *parts, END]), after))


def _line(row: dict[str, Any]) -> str:
    promised = f"{100 * row['low_bound']:.0f} to {100 * row['high_bound']:.0f} %"
    cells = [
        row["machines"],
        "" if row["law"] == laws.TOLD else promised,
        f"{100 * row['found']:.1f} %",
    ]
    cells += [f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %", row["law"]]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """0 if all went well; 1 if a promise is broken (the page stays as it was) or timings lack."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises", description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="pairs of machines of each kind")
    told = parser.add_mutually_exclusive_group()
    for name in ("--noise", "--resample"):
        told.add_argument(name, nargs="+", metavar="SAMPLES", help="samples.csv of one machine")
    asked = parser.parse_args(arguments)
    try:
        if files := asked.noise or asked.resample:
            samples = measuring.joined([csv_files.read(path) for path in files])
            rows = measuring.measured if asked.noise else measuring.resampled
            print(rows(samples).to_csv(index=False), end="")
        else:
            found = laws.table(asked.pairs)
            laws.require(found)
            write_text(page, put(page.read_text("utf-8"), found, asked.pairs))
    except UserError as error:
        print(f"rnnbench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
