"""Say what became of each point of a table `speed`: 1 if one failed or computes otherwise."""

import csv
import sys
from pathlib import Path

FINE = {"measured", "not available here"}  # a type of number that a device or a variant has not


def line(row: dict[str, str]) -> str:
    point = f"{row['variant']:13} {row['device']:5} {row['dtype']:9} "
    if row["status"] == "measured":
        return f"{point}{float(row['tokens_per_second']):14,.0f} tokens per second"
    return f"{point}{row['status']}: {row['reason']}"


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = sum(row["status"] not in FINE for row in rows)
    print(*map(line, rows), f"{len(rows)} points, {wrong} of them wrong", sep="\n")
    sys.exit(bool(wrong or not rows))
