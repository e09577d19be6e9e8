"""Certificates: all that a verdict rests on, in the one line that ends its row.

A line names both bundles by the SHA-256 of their manifests, the protocol, the SHA-256 of the fields
that had to be equal, those that were declared to vary and how they did, the ratio with its 95 %
interval, and the verdict. ``python -m rnnbench verify`` derives it from the bundles once more
(:mod:`rnnbench.audit.checks.certificates`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pandas import DataFrame, Series

from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine

HIDDEN = ["protocol", "varied"]  # columns that a certificate says and no table shows


def certified(table: DataFrame, machines: Sequence[Machine], terms: Terms) -> DataFrame:
    """Add the column ``certificate`` to verdicts.

    Args:
        table: columns HIDDEN, ``baseline``, ``machine``, ``work_sha256``, the ratio with its
            interval, and ``verdict``.
    """
    digests = {machine.label: machine.digest for machine in machines}
    lines = [_line(row, digests, terms) for row in table.to_dict("records")]
    return table.assign(certificate=Series(lines, table.index, dtype=object))


def _line(row: Mapping[Any, Any], digests: Mapping[str, str], terms: Terms) -> str:
    ratio, low, high = (row[name] for name in ("ratio", "low", "high"))
    varied = row["varied"] if isinstance(row["varied"], list) else []
    told = {
        "machine": digests[row["machine"]],
        "baseline": digests[row["baseline"]],
        "protocol": row["protocol"],
        "work": row["work_sha256"] or "not the same",
        "declared": ", ".join(terms.vary) or "nothing",
        "varied": ", ".join(varied) or "nothing",
        "equal within": f"{terms.equal_within:g}",
        "ratio": "none" if math.isnan(ratio) else f"{ratio:.6g} ({low:.6g} to {high:.6g})",
        "verdict": row["verdict"],
    }
    return "; ".join(f"{name} {value}" for name, value in told.items())
