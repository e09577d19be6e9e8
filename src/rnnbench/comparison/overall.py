"""One answer for each machine: its speed over the baseline's, over all comparable work."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.comparison import pairs
from rnnbench.comparison.pairs import Timed
from rnnbench.comparison.published import certificates
from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine
from rnnbench.timing.statistics import ratios, sittings

ALL, SETTING, CELL = "all", "device and threads", "cell"
SCOPE = ("device", "threads_policy", "cell")
COLUMNS = [
    *("baseline", "machine", "scope", *SCOPE, "pieces", *ratios.MEASUREMENT),
    *("smallest_difference", "sittings_needed", "verdict", "reason", "certificate"),
]
Pairs = list[tuple[Timed, Timed, str]]


def table(machines: Sequence[Machine], baseline: Machine, terms: Terms) -> DataFrame:
    """One row per machine that is not the baseline, and per setting and cell of its work."""
    others = [machine for machine in machines if machine.label != baseline.label]
    rows = [row for machine in others for row in _rows(machine, baseline, terms)]
    # each answer is one question: nothing is adjusted for the number of the others
    hidden = [*ratios.HIDDEN, *certificates.HIDDEN, "work_sha256", "status"]
    table = DataFrame(rows, columns=[*COLUMNS[:-1], *hidden])
    judged = [ratios.judge(table.loc[[k]], terms.equal_within) for k in table.index]
    found = DataFrame([one.iloc[0] for one in judged], columns=table.columns)
    return certificates.certified(found, machines, terms)[COLUMNS].reset_index(drop=True)


def _rows(machine: Machine, baseline: Machine, terms: Terms) -> Iterator[dict[str, Any]]:
    names = {"baseline": baseline.label, "machine": machine.label}
    found = pairs.met(pairs.timed(machine), pairs.timed(baseline))
    sound = [pair for pair in found if pairs.refused(*pair, terms.vary) is None]
    for scope, fields, own in _scopes(sound):
        told = {"scope": scope, "pieces": len(own)} | fields | _ratio(own, terms.equal_within)
        yield names | told | _same(own, terms)


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


def _same(own: Pairs, terms: Terms) -> dict[str, Any]:
    """What the certificate says of all pieces together."""
    held = [pairs.held(above, policy, terms) for above, _, policy in own]
    works = "\n".join(sorted(str(one["work_sha256"]) for one in held))
    varied = [said for pair in own for said in pairs.varied(*pair, terms)]
    return {
        "work_sha256": hashlib.sha256(works.encode()).hexdigest(),
        "protocol": ", ".join(sorted({one["protocol"] for one in held})),
        "varied": list(dict.fromkeys(varied)),
    }


def _ratio(own: Pairs, share: float) -> dict[str, Any]:
    above, below = [pair[0] for pair in own], [pair[1] for pair in own]
    best = sittings.together([p.best for p in above]) - sittings.together([p.best for p in below])
    typical = sittings.together([p.typical for p in above])
    typical -= sittings.together([p.typical for p in below])
    told = {"sittings": min(p.sittings for p in above)}
    told |= {"baseline_sittings": min(p.sittings for p in below)}
    told |= {"processes": sum(p.processes for p in (*above, *below))}
    return ratios.measurement(best, typical, share) | told
