"""Machines held against the baseline, one work item after the other: ratio, interval, verdict.

A point that either machine lacks, and one that is not the same work, is a row that says why.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pandas import DataFrame

from rnnbench.base.parameters import MEASURED
from rnnbench.comparison.published import certificates, contract
from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns
from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.ratios import NOT_COMPARABLE, NOT_MEASURED
from rnnbench.timing.statistics.sittings import Level

NEAREST = "; the closest match has "
SPEEDS = ("tokens_per_second", "typical_tokens_per_second")
COLUMNS = [
    *("baseline", "machine", "variant", "implementation", "device", "sampler", "clip_norm"),
    "threads",
    *("baseline_threads", "threads_policy", "dtype", "hidden_size", "batch_size", "num_steps"),
    *("work_sha256", *(f"baseline_{name}" for name in SPEEDS), *SPEEDS),
    *(*ratios.MEASUREMENT, *ratios.JUDGED, "conditions", "certificate"),
]


@dataclass(frozen=True)
class Timed:
    """One point of one machine, measured or not."""

    machine: Machine  # whose
    point: contract.Point  # every field of the timing and of the machine around it

    @property
    def measured(self) -> bool:
        return self.point["status"] == MEASURED and self.address in self.machine.speeds.points

    @property
    def address(self) -> tuple[Any, ...]:
        own = {**self.point, "machine": self.machine.name}
        return tuple(own[key] for key in columns.TIMING)

    @property
    def why_not(self) -> str:
        """Why it was not measured."""
        reason = self.point.get("reason") or "its steps are not in the bundle"
        return f"{self.machine.label}: {reason}"

    @property
    def best(self) -> Level:
        return self.machine.speeds.best[self.address]

    @property
    def typical(self) -> Level:
        return self.machine.speeds.typical[self.address]

    @property
    def processes(self) -> int:
        return len(self.machine.speeds.points[self.address])

    @property
    def sittings(self) -> int:
        return int(self.machine.speeds.points[self.address].sitting.nunique())


def timed(machine: Machine) -> list[Timed]:
    """Every point of a machine, in the order of its address."""
    rows = machine.points.sort_values(columns.TIMING).to_dict("records")
    return [Timed(machine, contract.point(row, machine.facts)) for row in rows]


def table(machines: Sequence[Machine], baseline: Machine, terms: Terms) -> DataFrame:
    """One row per machine that is not the baseline and work item of either."""
    below = timed(baseline)
    others = [machine for machine in machines if machine.label != baseline.label]
    rows = [
        row for machine in others for row in _rows(timed(machine), below, machine, baseline, terms)
    ]
    table = DataFrame(rows, columns=[*COLUMNS[:-1], *ratios.HIDDEN, *certificates.HIDDEN, "status"])
    judged = ratios.judge(table, terms.equal_within)
    return certificates.certified(judged, machines, terms)[COLUMNS]


def measurement(above: Timed, below: Timed, share: float) -> dict[str, Any]:
    """Columns of the ratio of two points of the same work."""
    best, typical = (
        getattr(above, number).estimate - getattr(below, number).estimate
        for number in ("best", "typical")
    )
    told = {"sittings": above.sittings, "baseline_sittings": below.sittings}
    told |= {"processes": above.processes + below.processes}
    return ratios.measurement(best, typical, share) | told


def met(above: Sequence[Timed], below: Sequence[Timed]) -> list[tuple[Timed, Timed, str]]:
    """Pairs of points that meet by KEY, each pair once, with the policy of threads they share."""
    there = {_key(p, policy): p for p in below for policy in contract.policies(p.point)}
    pairs: dict[tuple[int, int], tuple[Timed, Timed, str]] = {}
    for one in above:
        for policy in reversed(contract.policies(one.point)):
            other = there.get(_key(one, policy))
            if other is not None:
                pairs.setdefault((id(one), id(other)), (one, other, policy))
    return list(pairs.values())


def refused(
    above: Timed, below: Timed, policy: str, vary: Collection[str] = ()
) -> dict[str, Any] | None:
    """Status and reason of two points that cannot be compared; None of those that can."""
    one, other = (contract.work(side.point, policy) for side in (above, below))
    why = contract.refusal(one, other, vary)
    lacking = [side.why_not for side in (above, below) if not side.measured]
    both = above.point["status"] == below.point["status"] == MEASURED  # if by another protocol
    if lacking and not (both and why):
        return {"status": NOT_MEASURED, "reason": "; ".join(lacking)}
    return {"status": NOT_COMPARABLE, "reason": why, "work_sha256": None} if why else None


def laid(point: Timed, policy: str) -> dict[str, Any]:
    """All that is told of a point, with the fields of WORK as they are compared."""
    return {**point.point, **contract.work(point.point, policy)}


def held(point: Timed, policy: str, terms: Terms) -> dict[str, Any]:
    """The protocol of a point, and the digest of what has to be the same."""
    own = contract.work(point.point, policy)
    same = {name: value for name, value in own.items() if name not in terms.vary}
    return {"work_sha256": contract.work_sha256(same), "protocol": str(own["protocol"])}


def varied(above: Timed, below: Timed, policy: str, terms: Terms) -> list[str]:
    """In which fields two points differ on purpose."""
    return contract.declared(laid(above, policy), laid(below, policy), terms.vary)


def _rows(
    above: Sequence[Timed],
    below: Sequence[Timed],
    machine: Machine,
    baseline: Machine,
    terms: Terms,
) -> Iterator[dict[str, Any]]:
    """Rows of one machine against the baseline."""
    names = {"baseline": baseline.label, "machine": machine.label}
    pairs = met(above, below)
    for one, other, policy in pairs:
        yield names | _pair(one, other, policy, terms)
    paired = {id(point) for one, other, _ in pairs for point in (one, other)}
    sides = (("", above, below, baseline), ("baseline_", below, above, machine))
    for side, own, others, without in sides:
        theirs = [contract.work(p.point, q) for p in others for q in contract.policies(p.point)]
        for point in own:
            if id(point) not in paired:
                yield names | _alone(point, theirs, without, side, terms)


def _key(timed: Timed, policy: str) -> tuple[Any, ...]:
    fields = contract.work(timed.point, policy)
    return tuple(fields[name] for name in contract.KEY)


def _pair(above: Timed, below: Timed, policy: str, terms: Terms) -> dict[str, Any]:
    row = _address(above.point, policy) | _speeds("", above) | _speeds("baseline_", below)
    row |= held(above, policy, terms) | {"baseline_threads": below.point["threads"]}
    row |= {"conditions": contract.labels(laid(above, policy), laid(below, policy), terms.vary)}
    row |= {"varied": varied(above, below, policy, terms)}
    found = refused(above, below, policy, terms.vary)
    return row | (found or measurement(above, below, terms.equal_within))


def _alone(
    point: Timed, theirs: Sequence[dict[str, Any]], other: Machine, side: str, terms: Terms
) -> dict[str, Any]:
    """The row of a point that the other machine was not asked for."""
    policy = contract.policies(point.point)[-1]
    own = contract.work(point.point, policy)
    row = _address(point.point, policy) | held(point, policy, terms) | _speeds(side, point)
    row |= {"threads": None, f"{side}threads": point.point["threads"]}
    return row | {"status": NOT_MEASURED, "reason": _nearest(own, theirs, other)}


def _nearest(own: dict[str, Any], theirs: Sequence[dict[str, Any]], other: Machine) -> str:
    """Say that ``other`` has no such point, and what the most alike of its points has instead."""
    lacks = [[k for k in contract.KEY if fields[k] != own[k]] for fields in theirs]
    said = f"{other.label}: not requested there"
    if not lacks:
        return said
    least = min(range(len(lacks)), key=lambda i: (len(lacks[i]), lacks[i]))
    words = [f"{name} {theirs[least][name]} in place of {own[name]}" for name in lacks[least]]
    return said + NEAREST + ", ".join(words)


def _address(point: contract.Point, policy: str) -> dict[str, Any]:
    return {name: point[name] for name in columns.TIMING[1:]} | {"threads_policy": policy}


def _speeds(side: str, point: Timed) -> dict[str, Any]:
    return {f"{side}{name}": point.point.get(name) for name in SPEEDS}
