"""Which machine is faster, by how much and how sure, in plain words: what the page, its figures,
the Markdown and the terminal begin with."""

from collections.abc import Iterable
from math import comb
from typing import Any

import numpy as np
from pandas import DataFrame, Series

from rnnbench.comparison import views
from rnnbench.comparison.pairs import NEAREST
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, NOT_COMPARABLE, NOT_MEASURED, SLOWER

MOST = 5  # lines of an answer
TOLD = 3  # machines with a sentence of their own
SURE = 0.95  # share of intervals that hold the truth
Tables = readers.Tables


def summary(found: Tables, here: str) -> list[str]:
    """The answer for the terminal: at most five lines, the verdict first."""
    done = views.judged(views.rows(found, "comparison"))
    all_of = " of all machines" if len(done) and done.machine.nunique() > 1 else ""
    single = [f"Single pieces of work{all_of}: {views.counts(done.verdict)}."] if len(done) else []
    return [*_verdicts(found), *_declared(found), *single, *_notes(found, here)][:MOST]


def lead(found: Tables, here: str) -> list[str]:
    """What the comparison found: the verdict first, then what has to be known of it."""
    return [*_verdicts(found), *_declared(found), *_notes(found, here)]


def _verdicts(found: Tables) -> list[str]:
    """A sentence per machine that is held against the baseline; one for all where they are many."""
    done, names = views.judged(views.scope(found, "all")), views.machines(found).machine
    if len(names) == 1:
        return [
            f"Only one machine is here, {names.iloc[0]}: there is nothing to compare it with yet. "
            "Put another machine's bundle under results/published, or name it in the "
            "configuration (hardware: bundles)."
        ]
    told = [f"{sentence(row)}{_typically(row)}." for row in done.itertuples()]
    apart, base = _unlike(found), views.baseline(found)
    if len(done) > TOLD or not (told or apart):
        told = [f"{headline(found)}."]
    lacking = names[~names.isin([base, *done.get("machine", ())])]
    silent = [name for name in lacking if not any(line.startswith(name) for line in apart)]
    if silent and len(done):
        who = readers.english(_few(silent))
        apart.append(f"{who} cannot be compared with {base}: they have no piece of work in common.")
    return [*told, *apart]


def _unlike(found: Tables) -> list[str]:
    """A sentence for each machine all of whose work is refused for one reason, as its release."""
    pairs, release = found["comparison"], found["machines"].set_index("machine").rnnbench
    said = []
    for machine, rows in pairs[pairs.verdict != NOT_MEASURED].groupby("machine", sort=False):
        if set(rows.verdict) == {NOT_COMPARABLE} and rows.reason.nunique() == 1:
            baseline, reason = rows.iloc[0][["baseline", "reason"]]
            said.append(
                f"{machine} cannot be compared with {baseline}: none of the {len(rows)} pieces of "
                f"work that both timed is the same ({reason}). They were timed by rnnbench "
                f"{release[machine]} and {release[baseline]}: time both with one release and one "
                "configuration."
            )
    return said


def _declared(found: Tables) -> list[str]:
    """What differs on purpose, a sentence per field, with what moved with it."""
    said = []
    for row in views.rows(found, "declared").fillna("").astype(str).itertuples():
        moved = list(filter(None, row.confounded.split(", ")))
        told = f"{row.field} {row.values}, as declared"
        if " against " not in row.values:
            told = f"{row.field} is declared to vary but is {row.values} everywhere"
        if moved:
            told += f"; {readers.english(_few(moved))} changed with it"
            told += f", so the ratio cannot be attributed to {row.field} alone"
        said.append(f"{told}.")
    return said


def _notes(found: Tables, here: str) -> list[str]:
    """Machines with one sitting, and one without a bundle: what that means, and what to do."""
    table, said = views.rows(found, "machines"), []
    once = table.machine[table.sittings == 1]
    if len(once) and len(views.judged(views.scope(found, "all"))):
        who = readers.english(once) if len(once) < 3 else readers.counted(len(once), "machine")
        said.append(
            f"Only one sitting of {who}: intervals rely on the known noise between sittings of "
            "such machines. Run make sitting hours later to add another."
        )
    if here not in set(table.hardware):
        said.append(
            f"The machine that wrote this page, {here}, has no bundle here; "
            "snakemake --cores all publish_speed makes one."
        )
    return said


def headline(found: Tables) -> str:
    """The overall verdict: of two machines in full, of more the span."""
    done = views.judged(views.scope(found, "all"))
    if done.empty:
        return nothing(found).rstrip(".")
    first, last = done.iloc[0], done.iloc[-1]
    if len(done) == 1:
        return sentence(first)
    return (
        f"Over all comparable work, {readers.counted(len(done), 'machine')} against "
        f"{first.baseline}: from {_times(first)} times as fast for {first.machine} to "
        f"{_times(last)} for {last.machine} (95 % intervals)"
    )


def nothing(found: Tables) -> str:
    """Why there is no verdict."""
    table = views.rows(found, "comparison")
    return views.ALONE if table.empty else "No piece of work of two machines could be compared."


def sentence(row: Any) -> str:
    """The overall verdict on one machine."""
    span = (
        f"95 % interval {_times(row).partition('(')[2]}" if row.low <= row.high else "no interval)"
    )
    times = f"{_times(row).partition(' ')[0]} times as fast"
    against = f"{row.machine} cannot be told apart from {row.baseline}: {times}"
    if views.kind(row.verdict) in (FASTER, SLOWER):
        against = f"{row.machine} is {times} as {row.baseline}"
    elif views.kind(row.verdict) == views.EQUAL:
        share = row.verdict.removeprefix(views.EQUAL).strip()
        against = f"{row.machine} is as fast as {row.baseline} {share}: {times}"
    work = f"{readers.counted(int(row.pieces), 'piece')} of work"
    said = f"{against} ({span}, over {work}, {views.sittings(row.sittings, row.baseline_sittings)}"
    found = views.detectable(row) if views.kind(row.verdict) == ALIKE else []
    return "; ".join([said, *found])


def answers(found: Tables) -> list[tuple[str, list[str]]]:
    """Question and lines of what a reader wants to know next; without those that have no line."""
    pairs = views.pieces(found)
    told = [
        ("Single pieces of work", _pieces(pairs)),
        ("How certain", _sure(found)),
        ("Not compared, and why", refused(found)),
        ("Compared under other conditions", _counted(views.judged(pairs), "conditions")),
    ]
    return [(question, _few(lines)) for question, lines in told if lines]


def _times(row: Any) -> str:
    return views.times(row.ratio, row.low, row.high)


def _typically(row: Any) -> str:
    said = views.times(row.typical_ratio, row.typical_low, row.typical_high)
    return f"; in typical use, neighbours included, {said}" if said else ""


def _pieces(pairs: DataFrame) -> list[str]:
    """How many verdicts of each kind, and the pieces with the largest and the smallest ratio."""
    done = views.judged(pairs)
    if done.empty:
        return []
    ends = [done.loc[done.ratio.idxmax()], done.loc[done.ratio.idxmin()]]
    where = [f" on {row.machine}" * (done.machine.nunique() > 1) for row in ends]
    told = zip(ends, where, strict=True)
    return [views.counts(done.verdict), *(f"{_times(row)} for {row.piece}{on}" for row, on in told)]


def _sure(found: Tables) -> list[str]:
    """The A/A check, and what neighbours and shared cores did to each machine."""
    noise = views.rows(found, "noise")
    lines = [f"The same work timed twice: {holding(noise)}."] if len(noise) else []
    for row in views.machines(found).itertuples():
        taken, shared = (
            float(getattr(row, name, np.nan))
            for name in ("taken_by_others", "processes_sharing_a_core")
        )
        told = [f"neighbours took {100 * taken:.0f} % of its speed"] if np.isfinite(taken) else []
        if shared > 0:
            told.append(f"{readers.counted(int(shared), 'process')} had threads that shared a core")
        lines += [f"{row.machine}: {readers.english(told)}"] if told else []
    return lines


def holding(noise: DataFrame) -> str:
    """How many A/A intervals hold 1, and whether that is fewer than chance allows."""
    held, n = int((noise.holds_1.astype(str) == "True").sum()), len(noise)
    chance = sum(comb(n, k) * SURE**k * (1 - SURE) ** (n - k) for k in range(held + 1))
    few = ", fewer than chance allows: these intervals are too narrow" if chance < 1 - SURE else ""
    return f"{held} of {readers.counted(n, 'interval')} contain 1, as 95 % should{few}"


def refused(found: Tables) -> list[str]:
    """What was not compared, and why: a line per reason."""
    pairs = views.pieces(found)
    rows = pairs[pairs.verdict.isin([NOT_COMPARABLE, NOT_MEASURED])] if len(pairs) else pairs
    why = rows.reason.str.split(NEAREST).str[0] if len(rows) else None
    return [*views.nobodys(found), *_counted(rows.assign(reason=why), "reason")]


def _counted(rows: DataFrame, column: str) -> list[str]:
    """Lines such as "threads 8 against 2 - 32 pieces of work", the most frequent first."""
    words: Series = rows[column].dropna().astype(str) if len(rows) else Series(dtype=str)
    count = words[words != ""].value_counts()
    return [f"{why} - {readers.counted(int(n), 'piece')} of work" for why, n in count.items()]


def _few(lines: Iterable[str]) -> list[str]:
    """The first lines, and how many more there are."""
    lines = list(lines)
    if len(lines) <= MOST + 1:
        return lines
    return [*lines[:MOST], f"{len(lines) - MOST} more in the tables"]
