"""The tables of the comparison as its pages show them: typed, the fastest machine first, each ratio
beside its interval and each verdict beside its reason."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.parameters import SIZES
from rnnbench.comparison.pairs import NEAREST
from rnnbench.comparison.published.contract import UNKNOWN
from rnnbench.tables import readers
from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, NOT_COMPARABLE, NOT_MEASURED, SLOWER

EQUAL, BASELINE = "equal", "baseline"
SIGNS = {  # kind of verdict -> how it looks in a crowded place
    **{FASTER: "▲", SLOWER: "▼", EQUAL: "=", ALIKE: "≈", NOT_COMPARABLE: "∅", NOT_MEASURED: "–"},
}
KEY = f"{readers.english(f'{sign} {kind}' for kind, sign in SIGNS.items())}."
SETTLED = (FASTER, SLOWER, EQUAL, ALIKE)
ENDS = [f"{side}{end}" for side in ("", "typical_") for end in ("ratio", "low", "high")]
ITEM = ["device", "threads_policy", "dtype", *SIZES, "sampler", "clip_norm"]
NUMBERS = {
    *(*ENDS, *SIZES, "sittings", "baseline_sittings", "processes", "pieces", "smallest_difference"),
    *("sittings_needed", "taken_by_others", "processes_sharing_a_core", "share_of_limit", "epochs"),
    *("target_perplexity", "baseline_tokens_per_second"),
}
ALONE = "Only one machine is here: there is nothing to compare it with yet."
BOTH = ["at its best", "typical"]  # the two ratios in words, each with its interval


def rows(tables: readers.Tables, name: str) -> DataFrame:
    """A table with numbers as numbers, whatever a bundle wrote in their place; absent: no rows."""
    table = readers.rows(tables, name)
    for column in NUMBERS & set(table.columns):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    return table


def kind(verdict: Any) -> str:
    """A verdict without the share within which speeds are equal."""
    return EQUAL if ratios.is_equal(str(verdict)) else str(verdict)


def judged(table: DataFrame) -> DataFrame:
    """Rows with a ratio and a verdict on it."""
    if table.empty:
        return table
    return table[table.verdict.map(kind).isin(SETTLED) & np.isfinite(table.ratio)]


def counts(verdicts: Series) -> str:
    """``counts(...)`` is "3 faster, 1 slower and 29 not distinguishable"."""
    count = verdicts.value_counts()
    order = [*SIGNS]
    told = sorted(count.index, key=lambda verdict: order.index(kind(verdict)))
    return readers.english(f"{count[verdict]:,} {verdict}" for verdict in told)


def scope(found: readers.Tables, name: str) -> DataFrame:
    """Rows of the overall ratios of one scope, the fastest machine first."""
    table = rows(found, "overall")
    if table.empty:
        return table
    return table[table.scope == name].sort_values("ratio", ascending=False, kind="stable")


def machines(found: readers.Tables) -> DataFrame:
    """One row per machine, the fastest first: the baseline is 1, those without a ratio come last.

    Columns are those of ``machines``, and the overall ratios and verdict.
    """
    table = rows(found, "machines")
    told = ["machine", *ENDS, "pieces", "verdict"]
    table = table.merge(scope(found, "all").reindex(columns=told), "left", on="machine")
    own = table.machine == baseline(found)
    table = table.assign(
        ratio=table.ratio.astype(float).mask(own, 1.0),
        verdict=table.verdict.astype(object).mask(own, BASELINE).fillna(NOT_COMPARABLE),
    )
    return worded(table.sort_values("ratio", ascending=False, kind="stable"))


def baseline(found: readers.Tables) -> str:
    """The machine that the others are told as multiples of."""
    table = found["machines"]
    return str(table.machine[table.baseline.astype(str) == "True"].iloc[0])


def groups(found: readers.Tables) -> DataFrame:
    """Overall ratios by device and threads and by cell, the fastest machine first.

    ``group`` says in words of what.
    """
    table = rows(found, "overall")
    if len(table):
        table, places = table[table.scope != "all"], _places(machines(found).machine)
        table = table.sort_values("machine", key=lambda m: m.map(places), kind="stable")
    return worded(table.assign(group=[_group(row) for row in table.itertuples()]))


def pieces(found: readers.Tables) -> DataFrame:
    """Single pieces of work that a machine of each pair has, the fastest machine first.

    What only one of them has comes last. ``piece`` says in words what was timed, as far as it
    differs between the rows.
    """
    table = rows(found, "comparison")
    if table.empty:
        return table.assign(piece=[])
    table = table[~_nobodys(table)]
    places = {"variant": _places(readers.ordered(table.variant))}
    places["machine"] = _places(machines(found).machine)
    lacking = (table.verdict == NOT_MEASURED).rename("lacking")
    table = table.assign(lacking=lacking).sort_values(
        ["machine", "lacking", "variant"],
        key=lambda row: row.map(places[row.name]) if row.name in places else row,
        kind="stable",
    )
    differing = [name for name in ITEM if table[name].nunique() > 1]
    table = table.assign(piece=[_piece(row, differing) for _, row in table.iterrows()])
    return worded(table)


def nobodys(found: readers.Tables) -> list[str]:
    """One line per reason why neither machine of a pair has a piece of work, such as no GPU."""
    table = rows(found, "comparison")
    table = table[_nobodys(table)] if len(table) else table
    reasons = Series([_plain(row) for row in table.itertuples()], dtype=object).value_counts()
    return [
        f"{readers.counted(int(n), 'piece')} of work that neither machine has: {reason}"
        for reason, n in reasons.items()
    ]


def telling(table: DataFrame) -> DataFrame:
    """The columns in which a row says anything."""
    said = table.notna() & (table.astype(str) != "")
    return table.loc[:, said.any()]


def worded(table: DataFrame) -> DataFrame:
    """Add both ratios with their intervals in words, what is known of each verdict, and ``n``."""
    told = table.itertuples()
    said = [(times(row.ratio, row.low, row.high), _typical(row), why(row), _n(row)) for row in told]
    names = [*BOTH, "reason", "n"]
    return table.assign(**{name: [line[k] for line in said] for k, name in enumerate(names)})


def times(ratio: float, low: float, high: float) -> str:
    """``times(1.1, 1.04, 1.16)`` is "1.10 (1.04 to 1.16)".

    There is a digit more where the interval is narrow, and to an end beside 1.
    """
    if not np.isfinite(ratio):
        return ""
    if not low <= high:
        return _digits(ratio, 2)
    few = 3 if high - low < 0.02 * ratio else 2
    ends = [_digits(end, 3 if f"{end:.2f}" == "1.00" else few) for end in (low, high)]
    return f"{_digits(ratio, few)} ({ends[0]} to {ends[1]})"


def why(row: Any) -> str:
    """The reason of a verdict; where machines cannot be told apart, what would have been found."""
    reason = getattr(row, "reason", None)
    said = [str(reason)] if reason and not pd.isna(reason) else []
    return "; ".join(said + detectable(row)) if kind(row.verdict) == ALIKE else "".join(said)


def detectable(row: Any) -> list[str]:
    """What a comparison that found nothing could have found, and what finding 3 % takes."""
    least, needed = getattr(row, "smallest_difference", np.nan), getattr(row, "sittings_needed", 0)
    found = [f"a difference of {100 * least:.2g} % would have been found"]
    takes = [f"3 % needs {readers.counted(int(needed), 'sitting')} of each"] if needed > 0 else []
    return (found if np.isfinite(least) else []) + takes


def sittings(own: float, others: float) -> str:
    """``sittings(2, 2)`` is "2 sittings each"."""
    if own == others:
        return f"{readers.counted(int(own), 'sitting')} each"
    return f"{readers.counted(int(own), 'sitting')} against {others:.0f}"


def fields(found: readers.Tables) -> DataFrame:
    """Fields of the fingerprints down, machines across."""
    table = found["fingerprint"].astype(str)
    wide = table.pivot_table("value", "field", "machine", aggfunc="first", sort=False)
    return wide.fillna(UNKNOWN).rename_axis(columns=None)


def missing(found: readers.Tables) -> DataFrame:
    """What is not there, counted: a row per part and reason, with the machines that lack it."""
    table, everyone = rows(found, "missing"), rows(found, "machines").machine.nunique()
    told = table.assign(reason=table.reason.fillna(table.status).fillna("no reason given"))
    counted = told.groupby(["part", "reason"], sort=False).machine.agg(["size", "unique"])
    who = ["all" if len(m) == everyone > 1 else readers.english(m) for m in counted["unique"]]
    return (
        counted.assign(machines=who)
        .rename(columns={"size": "rows"})
        .reset_index()[["part", "rows", "machines", "reason"]]
    )


def _places(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _digits(value: float, behind: int) -> str:
    return f"{value:.{behind}f}" if 0.095 < value < 100 else readers.figures3(value)


def _plain(row: Any) -> str:
    """The reason of a row without the names of its machines and what came near, each part once."""
    parts = str(row.reason).split(NEAREST)[0].split("; ")
    told = [p.removeprefix(f"{row.machine}: ").removeprefix(f"{row.baseline}: ") for p in parts]
    return "; ".join(dict.fromkeys(told))


def _typical(row: Any) -> str:
    return times(row.typical_ratio, row.typical_low, row.typical_high)


def _n(row: Any) -> str:
    if not np.isfinite(getattr(row, "processes", np.nan)):
        return ""
    told = sittings(row.sittings, row.baseline_sittings)
    return f"{told}, {readers.counted(int(row.processes), 'process')}"


def _group(row: Any) -> str:
    return f"{row.device}, {_threads(row.threads_policy)}" if row.scope != "cell" else row.cell


def _threads(policy: Any) -> str:
    """Threads in words; a policy may have been read back as a number."""
    known = {"1": "1 thread", "all": "all cores"}
    text = f"{policy:g}" if isinstance(policy, float) else str(policy)
    return known.get(text, f"{text} threads")


def _piece(row: Series, differing: list[str]) -> str:
    told = [
        _threads(row[name]) if name == "threads_policy" else _word(name, row[name])
        for name in differing
    ]
    return ", ".join([row.variant, *filter(None, told)])


def _word(name: str, value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{name} {value:g}"
    return "" if value is None else str(value)


def _nobodys(table: DataFrame) -> Series:
    speeds = table[["tokens_per_second", "baseline_tokens_per_second"]]
    return (table.verdict == NOT_MEASURED) & speeds.isna().all(axis=1)
