"""One answer for each machine: its speed over the baseline's, over all comparable work."""

from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.comparison import pairs
from rnnbench.comparison.pairs import Timed
from rnnbench.comparison.published.machine import Machine
from rnnbench.timing.statistics import ratios, sittings

ALL, SETTING, CELL = "all", "device and threads", "cell"
SCOPE = ("device", "threads_policy", "cell")
COLUMNS = [
    *("baseline", "machine", "scope", *SCOPE, "pieces", *ratios.MEASUREMENT),
    *("smallest_difference", "sittings_needed", "verdict", "reason"),
]
Pairs = list[tuple[Timed, Timed, str]]


def table(machines: Sequence[Machine], baseline: Machine, share: float) -> DataFrame:
    """One row per machine that is not the baseline, and per setting and cell of its work.

    Args:
        machines: all of them.
        baseline: one of them.
        share: within which two speeds are equal.
    """
    others = [machine for machine in machines if machine.label != baseline.label]
    rows = [row for machine in others for row in _rows(machine, baseline, share)]
    # each answer is one question: nothing is adjusted for the number of the others
    table = DataFrame(rows, columns=[*COLUMNS, *ratios.HIDDEN, "status"])
    judged = [ratios.judge(table.loc[[k]], share) for k in table.index]
    found = DataFrame([one.iloc[0] for one in judged], columns=COLUMNS)
    return found.reset_index(drop=True)


def _rows(machine: Machine, baseline: Machine, share: float) -> Iterator[dict[str, Any]]:
    names = {"baseline": baseline.label, "machine": machine.label}
    found = pairs.met(pairs.timed(machine), pairs.timed(baseline))
    sound = [pair for pair in found if pairs.refused(*pair) is None]
    for scope, fields, own in _scopes(sound):
        yield names | {"scope": scope, "pieces": len(own)} | fields | _ratio(own, share)


def _scopes(sound: Pairs) -> Iterator[tuple[str, dict[str, str], Pairs]]:
    """Scope, what it is of, and its pairs; a scope of everything alone is not told twice."""
    if not sound:
        return
    yield ALL, {}, sound
    for scope, named in ((SETTING, _setting), (CELL, _cell)):
        groups: dict[tuple[tuple[str, str], ...], Pairs] = {}
        for pair in sound:
            groups.setdefault(tuple(named(pair).items()), []).append(pair)
        for fields, own in sorted(groups.items()) if len(groups) > 1 else ():
            yield scope, dict(fields), own


def _setting(pair: tuple[Timed, Timed, str]) -> dict[str, str]:
    return {"device": pair[0].point["device"], "threads_policy": pair[2]}


def _cell(pair: tuple[Timed, Timed, str]) -> dict[str, str]:
    return {"cell": presets.of(pair[0].point["variant"]).cell}


def _ratio(own: Pairs, share: float) -> dict[str, Any]:
    above, below = [pair[0] for pair in own], [pair[1] for pair in own]
    best = sittings.together([p.best for p in above]) - sittings.together([p.best for p in below])
    typical = sittings.together([p.typical for p in above])
    typical -= sittings.together([p.typical for p in below])
    told = {"sittings": min(p.sittings for p in above)}
    told |= {"baseline_sittings": min(p.sittings for p in below)}
    told |= {"processes": sum(p.processes for p in (*above, *below))}
    return ratios.measurement(best, typical, share) | told
