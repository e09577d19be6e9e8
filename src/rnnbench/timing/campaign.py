"""The campaign: every timing of a study in one job that has the machine to itself.

A sitting takes some minutes: in each of its rounds every point is measured in a new process, all
points in random order, so that what changes on the machine meanwhile meets all of them alike.
Sittings that are hours apart tell what differs from one to the next, which no number of processes
within one can. What a killed campaign measured is taken up by the next one; only what an edit
decides is done again.
"""

import dataclasses
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import AGREES, FAILED, MEASURED, OPTIMISER, TimingConfig
from rnnbench.machine import identity, preflight
from rnnbench.timing import disturbance, sample_files
from rnnbench.timing.points import ADDRESS, Place, Point, Protocol
from rnnbench.timing.processes import PROTOCOL, Interpreter, Text, WorkError
from rnnbench.training import samplers

APART = {*ADDRESS, "process"}
COLUMNS = (  # of a point, beside its address: what became of it, and what makes it the same work
    *("status", "reason"),
    *(field.name for field in dataclasses.fields(TimingConfig) if field.name not in APART),
    *("tokens_sha256", "vocab_size", "optimiser", "protocol", "source_sha256"),
    *("usable_cores", "torch_version"),
)
TORN = 1800.0  # seconds; parts of a sitting that begin further apart are not one

log = logging.getLogger(__name__)


class Campaign:
    """The sittings that a study asks for, less those that were measured before.

    Args:
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
        self.started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.facts: dict[str, Any] = {}
        self.doubts: list[str] = []

    def run(self) -> None:
        """Measure all that is lacking.

        Raises:
            StudyError: the text is shorter than a minibatch of a point; before anything is timed.
        """
        for point in self.points:
            samplers.check_job("speed.sizes", point.timing, self.text.num_tokens)
        before = preflight.conditions()
        self.doubt(preflight.doubts(before))
        self.facts |= {f"{key}_before": value for key, value in before.items()}
        for point in self.points:
            self.take_up(point)
        self.earlier = sum(sum(point.seconds) for point in self.points)
        self.admit()
        self.facts["admission_seconds"] = round(time.monotonic() - self.began, 1)
        self.began = time.monotonic()
        for sitting in range(1, self.protocol.sittings + 1):
            for number in range(1, self.protocol.processes + 1):
                self.measure_round(sitting, number)
        self.doubt([*disturbance.of_gpu(self.samples()), *self.torn()])
        self.facts |= {f"{key}_after": value for key, value in preflight.conditions().items()}
        log.info("%d processes measured; %.0f s over all sittings", self.measured, self.spent())

    def doubt(self, reasons: Sequence[str]) -> None:
        """Say why timings are doubtful, in the log and in the record."""
        for reason in reasons:
            log.warning("%s", reason)
        self.doubts += reasons

    def take_up(self, point: Point) -> None:
        """Read what earlier campaigns measured of the very same thing; remove all else."""
        for sitting, process in sorted(sample_files.found(self.root, point.timing)):
            timing = point.at(process)
            place = sample_files.folder(self.root, timing, sitting)
            kept = sample_files.read(place, self.identity(point, timing))
            if kept is None:
                sample_files.discard(place)
                continue
            rows, record = kept
            point.take(sitting, process, rows, record["began"], record["wall_seconds"])

    def admit(self) -> None:
        """Ask of each content that is lacking, in a process of its own, whether it may be timed."""
        answers: dict[tuple[Any, ...], dict[str, str]] = {}
        with Interpreter(self.text, self.printed) as interpreter:
            for point in self.points:
                if not any(point.lacking()):
                    continue
                if point.content not in answers:
                    answers[point.content] = verdict(interpreter, point.timing)
                if answers[point.content]["status"] != AGREES:
                    give_up(point, **answers[point.content])

    def measure_round(self, sitting: int, number: int) -> None:
        """Measure what a round of a sitting lacks, in random order."""
        jobs = [
            (point, place)
            for point in self.points
            for place in point.lacking()
            if (place.sitting, place.round) == (sitting, number)
        ]
        order = np.random.default_rng([self.protocol.seed, sitting, number, len(jobs)])
        with Interpreter(self.text, self.printed) as interpreter:
            for i in order.permutation(len(jobs)):
                if jobs[i][0].status == MEASURED:
                    self.measure(interpreter, *jobs[i])

    def measure(self, interpreter: Interpreter, point: Point, place: Place) -> None:
        """Measure one process of a point and keep it on disk."""
        timing = point.at(place.process)
        began = time.monotonic()
        try:
            rows = interpreter.rows("speed", timing)
        except WorkError as error:
            return give_up(point, FAILED, str(error))
        seconds = time.monotonic() - began
        record = self.identity(point, timing) | {"numerics_id": rows[0]["numerics_id"]}
        record |= {"sitting": place.sitting, "began": self.started, "wall_seconds": seconds}
        sample_files.write(sample_files.folder(self.root, timing, place.sitting), rows, record)
        point.take(place.sitting, place.process, DataFrame(rows), self.started, seconds)
        self.measured += 1
        return self.report(point, place)

    def report(self, point: Point, place: Place) -> None:
        """Say how far the campaign is; the progress line shows the first two words."""
        left = sum(1 for other in self.points for _ in other.lacking())
        seconds = left * (time.monotonic() - self.began) / self.measured
        what = f"{point} sitting={place.sitting} process={place.process}"
        of = self.measured + left
        log.info("process %d/%d, about %.0f s left: %s", self.measured, of, seconds, what)

    def torn(self) -> list[str]:
        """Sittings that were taken up so late that parts of them are sittings of their own."""
        began: dict[int, set[datetime]] = {}
        for point in self.points:
            for (sitting, _), rows in point.done.items():
                times = map(datetime.fromisoformat, rows.sitting_began.unique())
                began.setdefault(sitting, set()).update(times)
        spans = {k: (max(times) - min(times)).total_seconds() for k, times in began.items()}
        return [
            f"sitting {sitting} was measured in {len(began[sitting])} parts, which began "
            f"{span / 3600:.1f} hours apart"
            for sitting, span in sorted(spans.items())
            if span > TORN
        ]

    def spent(self) -> float:
        """Seconds of measurement over all sittings."""
        return self.earlier + time.monotonic() - self.began

    def identity(self, point: Point, timing: TimingConfig) -> dict[str, Any]:
        return sample_files.identity(timing, point.source_sha256, self.text)

    def samples(self) -> DataFrame:
        """One row per process of every point."""
        parts = [point.samples() for point in self.points if point.done]
        return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=[*ADDRESS])

    def table(self) -> DataFrame:
        """What became of each point, and what a comparison must know of it."""
        common = {"optimiser": OPTIMISER, "protocol": PROTOCOL}
        common |= {"usable_cores": identity.usable_cores()}
        rows = [self.identity(p, p.timing) | common | p.row() for p in self.points]
        return DataFrame(rows, columns=[*ADDRESS, *COLUMNS])

    def record(self) -> dict[str, Any]:
        """What became of the campaign, and the state of the machine around it."""
        return {
            **vars(self.protocol) | {"twins": " ".join(self.protocol.twins) or "none"},
            "points": len(self.points),
            "measured_processes": sum(len(point.done) for point in self.points),
            "spent_seconds": round(self.spent(), 1),
            "doubts": "; ".join(self.doubts) or "none",
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
