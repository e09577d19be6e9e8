"""Say what became of each point of a table `speed`; fails if one went wrong, or none is of CUDA."""

import csv
import sys
from pathlib import Path

MEASURED = "measured"
FINE = {MEASURED, "not available here"}  # a type of number that a device or a variant has not


def line(row: dict[str, str]) -> str:
    point = f"{row['variant']:11} {row['implementation']:8} {row['device']:5} {row['dtype']:9} "
    if row["status"] == MEASURED:
        return f"{point}{float(row['tokens_per_second']):14,.0f} tokens per second"
    return f"{point}{row['status']}: {row['reason']}"


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = sum(row["status"] not in FINE for row in rows)
    timed = sum(row["status"] == MEASURED and row["device"] == "cuda" for row in rows)
    print(*map(line, rows), f"{timed} points of CUDA timed, {wrong} points wrong", sep="\n")
    sys.exit(bool(wrong or not timed))
