"""The fastest way that each machine has to train one model, whatever the code, device and threads.

Only models that are their cell and no more have candidates. The choice is by the lower end of the
interval: by the level itself, of many noisy ways the luckiest would win. The chosen speed is still
a little flattered, on every machine alike, and more so where more ways were timed; hence
``candidates``.

A verdict is of the machines and not of the choice: it has to hold as well with every way of the
slower machine that may be as fast as its chosen one. Its p-value is the largest of these (a union
of hypotheses, each tested by itself; Berger, 1982).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import SIZES
from rnnbench.comparison import pairs
from rnnbench.comparison.pairs import Timed
from rnnbench.comparison.published import contract
from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine
from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.ratios import ALIKE

BASELINE = "baseline"
MODEL = ("sampler", "clip_norm", "dtype", *SIZES)
FREE = {"variant", "implementation", "device", "threads_policy"}  # what may differ between ways
WAY = ("variant", "implementation", "device", "threads")
CHOSEN = [*WAY, "tokens_per_second", "candidates"]
COLUMNS = [
    *("baseline", "machine", "family", *MODEL, *(f"baseline_{name}" for name in CHOSEN), *CHOSEN),
    *(*ratios.MEASUREMENT, *ratios.JUDGED, "conditions"),
]
Models = dict[tuple[Any, ...], list[Timed]]  # family and MODEL -> the ways that were timed


def table(machines: Sequence[Machine], baseline: Machine, terms: Terms) -> DataFrame:
    """One row per machine and model, the baseline's own rows among them."""
    models = {machine.label: ways(machine) for machine in machines}
    keys = sorted({key for found in models.values() for key in found}, key=str)
    rows = [row for machine in machines for row in _rows(machine, baseline, models, keys, terms)]
    table = DataFrame(rows, columns=[*COLUMNS, *ratios.HIDDEN, "status", "rival"])
    judged = ratios.judge(table, terms.equal_within)
    own = judged.status == BASELINE
    rival = judged.rival.notna() & ~judged.verdict.isin([ratios.FASTER, ratios.SLOWER])
    reason = judged.reason.mask(rival, judged.rival)
    return judged.assign(verdict=judged.verdict.mask(own, BASELINE), reason=reason)[COLUMNS]


def ways(machine: Machine) -> Models:
    """Points that were measured, by the model that they train."""
    found: Models = {}
    for point in pairs.timed(machine):
        variant = point.point["variant"]
        if point.measured and presets.simple(variant):
            key = (presets.of(variant).cell, *(point.point[name] for name in MODEL))
            found.setdefault(key, []).append(point)
    return found


def surest(candidates: Sequence[Timed]) -> Timed:
    """The way that is fastest even at the lower end of its interval."""
    return max(candidates, key=lambda way: (float(way.point["low"]), str(way.address)))


def rivals(candidates: Sequence[Timed]) -> list[Timed]:
    """Ways that may be as fast as the surest one."""
    first = surest(candidates)
    least, others = first.point["low"], [way for way in candidates if way is not first]
    return [way for way in others if way.point["high"] >= least]


def _rows(
    machine: Machine,
    baseline: Machine,
    models: dict[str, Models],
    keys: Sequence[tuple[Any, ...]],
    terms: Terms,
) -> Iterator[dict[str, Any]]:
    """Rows of one machine against the baseline."""
    for key in keys:
        above, below = (models[side.label].get(key, []) for side in (machine, baseline))
        row = {"baseline": baseline.label, "machine": machine.label}
        row |= dict(zip(("family", *MODEL), key, strict=True))
        row |= _chosen("", above) | _chosen("baseline_", below)
        if not above or not below:
            lacking = [m.label for m, w in ((machine, above), (baseline, below)) if not w]
            reason = f"{' and '.join(dict.fromkeys(lacking))}: not timed there"
            yield row | {"status": ratios.NOT_MEASURED, "reason": reason}
        elif machine is baseline:
            yield row | {"status": BASELINE}
        else:
            yield row | _compared(above, below, terms)


def _chosen(side: str, candidates: Sequence[Timed]) -> dict[str, Any]:
    if not candidates:
        return {}
    point = surest(candidates).point
    chosen = {name: point[name] for name in CHOSEN[:-1]} | {"candidates": len(candidates)}
    return {f"{side}{name}": value for name, value in chosen.items()}


def _compared(above: Sequence[Timed], below: Sequence[Timed], terms: Terms) -> dict[str, Any]:
    one, other = surest(above), surest(below)
    own, others_own = pairs.laid(one, ""), pairs.laid(other, "")
    why = contract.refusal(own, others_own, FREE | {*terms.vary})
    if why:
        return {"status": ratios.NOT_COMPARABLE, "reason": why}
    share = terms.equal_within
    conditions = {"conditions": contract.labels(own, others_own, terms.vary)}
    found = pairs.measurement(one, other, share)
    if found["ratio"] < 1:
        others = [(way, pairs.measurement(way, other, share)) for way in rivals(above)]
    else:
        others = [(way, pairs.measurement(one, way, share)) for way in rivals(below)]
    return conditions | found | _held(found, others)


def _held(found: dict[str, Any], others: Sequence[tuple[Timed, dict[str, Any]]]) -> dict[str, Any]:
    """The p-value that holds with every rival way, and what to say where one of them decides."""
    values = [
        1.0 if (rival["ratio"] < 1) != (found["ratio"] < 1) else rival["p"] for _, rival in others
    ]
    p = np.array([found["p"], *values])
    told = {"p": p.max()}
    decides = int(p.argmax())  # of NaN the first, as max
    if decides == 0 or found["p"] >= ratios.ALPHA:
        return told
    way = others[decides - 1][0]
    called = presets.label(way.point["variant"], way.point["implementation"])
    name = f"{called} on {way.point['device']} with threads {way.point['threads']:.0f}"
    return told | {"rival": f"{way.machine.label}: {name} may be as fast: {ALIKE}"}
