"""The campaign: every timing of a study in one job that has the machine to itself.

Round by round, each point is measured in a new process, all points in random order, so that what
changes on the machine meanwhile meets all of them alike. A pilot of ``processes_min`` rounds covers
every point. Then those go on whose interval is wider than ``precision``, or would be with the
scatter that is usual for their device and threads, until none is or ``most_seconds`` are over. What
a killed campaign measured is taken up by the next one; only what an edit decides is done again.
"""

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import AGREES, FAILED, MEASURED, OPTIMISER, TimingConfig
from rnnbench.machine import identity, preflight
from rnnbench.timing import sample_files
from rnnbench.timing.points import ADDRESS, Point, Protocol, know_calm, usual_scatter
from rnnbench.timing.processes import PROTOCOL, Interpreter, Text, WorkError
from rnnbench.training import samplers

APART = {*ADDRESS, "process"}
COLUMNS = (  # of a point, beside its address: what became of it, and what makes it the same work
    *("status", "reason", "ended", "rounds"),
    *(field.name for field in dataclasses.fields(TimingConfig) if field.name not in APART),
    *("tokens_sha256", "vocab_size", "optimiser", "protocol", "source_sha256"),
    *("usable_cores", "torch_version"),
)

log = logging.getLogger(__name__)


class Campaign:
    """One sitting of the measurement.

    Args:
        points: what to time.
        protocol: how.
        text: what is trained on.
        root: folder of this machine's samples.
        printed: file to which whatever the timed processes print is appended.
    """

    def __init__(
        self,
        points: Sequence[Point],
        protocol: Protocol,
        text: Text,
        root: Path,
        printed: Path,
    ):
        self.points, self.protocol, self.text = list(points), protocol, text
        self.root, self.printed = root, printed
        self.measured, self.earlier, self.began = 0, 0.0, time.monotonic()
        self.sitting = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.facts: dict[str, Any] = {}

    def run(self) -> None:
        """Measure until every point is known well enough, or time is up.

        Raises:
            StudyError: the text is shorter than a minibatch of a point; before anything is timed.
        """
        for point in self.points:
            samplers.check_job("speed.sizes", point.timing, self.text.num_tokens)
        before = preflight.conditions()
        doubts = preflight.doubts(before)
        for doubt in doubts:
            log.warning("%s", doubt)
        self.facts["doubts"] = "; ".join(doubts) or "none"
        self.facts |= {f"{key}_before": value for key, value in before.items()}
        for point in self.points:
            self.take_up(point)
        self.earlier = sum(sum(point.seconds) for point in self.points)
        self.admit()
        self.facts["admission_seconds"] = round(time.monotonic() - self.began, 1)
        self.began = time.monotonic()
        while active := self.active():
            self.measure_round(active)
        self.facts |= {f"{key}_after": value for key, value in preflight.conditions().items()}
        log.info("%d processes measured; %.0f s over all sittings", self.measured, self.spent())

    def take_up(self, point: Point) -> None:
        """Read what earlier sittings measured of the very same thing; remove all else."""
        for number in sorted(sample_files.found(self.root, point.timing)):
            timing = point.process(number)
            place = sample_files.folder(self.root, timing)
            kept = sample_files.read(place, self.identity(point, timing))
            if kept is None:
                sample_files.discard(place)
                continue
            rows, record = kept
            point.take(number, rows, record["sitting"], record["wall_seconds"])

    def admit(self) -> None:
        """Ask of each content once, in a process of its own, whether it may be timed."""
        answers: dict[tuple[Any, ...], dict[str, str]] = {}
        with Interpreter(self.text, self.printed) as interpreter:
            for point in self.points:
                if point.content not in answers:
                    answers[point.content] = verdict(interpreter, point.timing)
                if answers[point.content]["status"] != AGREES:
                    give_up(point, **answers[point.content])

    def active(self) -> list[Point]:
        """Points of which another round is to be measured."""
        know_calm(self.points)
        usual = usual_scatter(self.points)
        return [point for point in self.points if self.expected(point, usual)]

    def expected(self, point: Point, usual: Mapping[tuple[str, int], float]) -> bool:
        """Whether another round of a point is to be measured, where so much scatter is usual."""
        if point.status != MEASURED or not point.piloted:
            return point.status == MEASURED
        return self.time_for(point) and not point.precise(usual)

    def time_for(self, point: Point) -> bool:
        """Whether another round of a point would end before time is up."""
        return self.spent() + point.round_seconds <= self.protocol.most_seconds

    def measure_round(self, active: Sequence[Point]) -> None:
        """Measure once more what has been measured the fewest times, in random order."""
        fewest = min(point.rounds for point in active)
        jobs = [(p, k) for p in active if p.rounds == fewest for k in p.lacking()]
        order = np.random.default_rng([self.protocol.seed, fewest, len(jobs)])
        began = time.monotonic()
        with Interpreter(self.text, self.printed) as interpreter:
            for i in order.permutation(len(jobs)):
                point, number = jobs[i]
                if point.status == MEASURED and (not point.piloted or self.time_for(point)):
                    self.measure(interpreter, point, number)
        log.info("round %d: %d processes, %.0f s", fewest + 1, len(jobs), time.monotonic() - began)

    def measure(self, interpreter: Interpreter, point: Point, number: int) -> None:
        """Measure one process of a point and keep it on disk."""
        timing = point.process(number)
        began = time.monotonic()
        try:
            rows = interpreter.rows("speed", timing)
        except WorkError as error:
            return give_up(point, FAILED, str(error))
        seconds = time.monotonic() - began
        record = self.identity(point, timing) | {"numerics_id": rows[0]["numerics_id"]}
        record |= {"sitting": self.sitting, "wall_seconds": seconds}
        sample_files.write(sample_files.folder(self.root, timing), rows, record)
        point.take(number, DataFrame(rows), self.sitting, seconds)
        self.measured += 1
        return self.report(point, number)

    def report(self, point: Point, number: int) -> None:
        """Say how far the campaign is; the progress line shows the first two words."""
        typical = self.spent() / sum(len(point.done) for point in self.points)
        pilot = sum(point.pilot_left() for point in self.points)
        left = max(pilot * typical, self.protocol.most_seconds - self.spent(), 0.0)
        of = self.measured + max(pilot, int(left / typical))
        what = f"{point} process={number}"
        log.info("process %d/%d at most, about %.0f s left: %s", self.measured, of, left, what)

    def spent(self) -> float:
        """Seconds of measurement over all sittings."""
        return self.earlier + time.monotonic() - self.began

    def identity(self, point: Point, timing: TimingConfig) -> dict[str, Any]:
        return sample_files.identity(timing, point.source_sha256, self.text)

    def samples(self) -> DataFrame:
        """Every window of every point, warm-ups included."""
        parts = [point.windows() for point in self.points if point.done]
        return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=[*ADDRESS])

    def table(self) -> DataFrame:
        """What became of each point, and what a comparison must know of it."""
        common = {"optimiser": OPTIMISER, "protocol": PROTOCOL}
        common |= {"usable_cores": identity.usable_cores()}
        usual = usual_scatter(self.points)
        rows = [self.identity(p, p.timing) | common | p.row(usual) for p in self.points]
        return DataFrame(rows, columns=[*ADDRESS, *COLUMNS])

    def record(self) -> dict[str, Any]:
        """What became of the campaign, and the state of the machine around it."""
        return {
            **vars(self.protocol) | {"twins": " ".join(self.protocol.twins) or "none"},
            "points": len(self.points),
            "processes": sum(len(point.done) for point in self.points),
            "processes_of_this_sitting": self.measured,
            "spent_seconds": round(self.spent(), 1),
            "over_time": self.spent() > self.protocol.most_seconds,
            **self.facts,
        }


def verdict(interpreter: Interpreter, timing: TimingConfig) -> dict[str, str]:
    """Status and reason of the admission of what is to be timed."""
    try:
        (row,) = interpreter.rows("admission", timing)
    except WorkError as error:
        return {"status": FAILED, "reason": str(error)}
    return {"status": row["status"], "reason": row["reason"]}


def give_up(point: Point, status: str, reason: str) -> None:
    """Label a point that is not timed."""
    log.warning("not timed: %s: %s: %s", point, status, reason)
    point.status, point.reason = status, reason
