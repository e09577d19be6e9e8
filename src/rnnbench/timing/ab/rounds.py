"""Rounds of two commits in turn.

A round has a new process of each commit. Every piece of work, in random order, is opened in both;
if losses and weights are the same, they train by turns, hundredths of a second each (A B B A, B A A
B, ...), so that what happens on the machine meanwhile meets both alike. Processes of one source
differ by more than their steps do, so what repeats is the round.
"""

import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self, cast

import numpy as np

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import FAILED, TimingConfig
from rnnbench.timing.ab import arm
from rnnbench.timing.ab.commits import Side
from rnnbench.timing.processes import PROTOCOL, Text, WorkError
from rnnbench.timing.statistics.rates import QUANTILE
from rnnbench.training.engines.tolerances import TOLERANCES

ROUNDS = 20
TURN = 0.01  # seconds; one step, if that takes longer
ORDER = (0, 1, 1, 0, 1, 0, 0, 1)
WARM, TURNS = 8, 128  # of both commits together: those that warm up, and those that count
OTHER = "other results"

Times = tuple[float, float]  # of a step of the base and of the head, microseconds

log = logging.getLogger(__name__)


class Process:
    """A process of one commit, see :mod:`.arm`; a context."""

    def __init__(self, side: Side, ids: Path, printed: IO[str]):
        line = [sys.executable, "-P", arm.__file__, str(ids)]  # -P: its folder has a `statistics`
        how: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        how["start_new_session"] = True  # who presses Ctrl-C means us
        self.side = side
        self.popen = subprocess.Popen(line, stderr=printed, env=side.environment, **how)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError), self.popen:
            self.popen.kill()

    def ask(self, name: str, **arguments: Any) -> Any:
        """Have a method of the arm called.

        Raises:
            WorkError: it raised, or the process is gone.
        """
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps([name, arguments]), file=self.popen.stdin, flush=True)
        line = cast(IO[str], self.popen.stdout).readline()
        answer = json.loads(line or '{"failed": "the process died"}')
        if "failed" in answer:
            raise WorkError(f"{self.side.name}: {answer['failed']}")
        return answer["found"]

    def require_protocol(self) -> None:
        """Ask whether its steps are comparable with ours.

        Raises:
            StudyError: they do other work, or cannot be asked for.
        """
        found: Any = "none"
        with contextlib.suppress(WorkError):  # the log says more
            found = self.ask("protocol")
        if found != PROTOCOL:
            raise StudyError(
                f"base: expected a commit whose timed steps follow protocol {PROTOCOL} "
                f"(timing.processes.PROTOCOL), found {found} in {self.side.name}. Times of other "
                "steps are not comparable. Name a later commit."
            )


class Rounds:
    """What was timed so far.

    Args:
        printed: where processes print.

    Attributes:
        times: of each whole round, the times of each piece of work that was timed in it.
        refused: pieces of work that are not compared: status and reason.
    """

    def __init__(
        self,
        points: Sequence[TimingConfig],
        sides: Sequence[Side],
        text: Text,
        seed: int,
        printed: IO[str],
    ):
        self.points, self.sides, self.text, self.printed = list(points), sides, text, printed
        self.random = np.random.default_rng(seed)
        self.times: list[dict[TimingConfig, Times]] = []
        self.refused: dict[TimingConfig, tuple[str, str]] = {}

    def run(self, number: int = ROUNDS) -> None:
        """Time so many rounds; fewer if one is interrupted, or if there is nothing to compare.

        Raises:
            StudyError: the steps of a commit are not comparable.
        """
        with contextlib.suppress(KeyboardInterrupt):
            for k in range(1, number + 1):
                self.times.append(self.round(k))
                if len(self.refused) == len(self.points):
                    break
                log.info("round %d/%d", k, number)

    def round(self, number: int) -> dict[TimingConfig, Times]:
        """Time every piece of work once."""
        found = {}
        with contextlib.ExitStack() as stack:
            processes = [Process(side, self.text.ids, self.printed) for side in self.sides]
            both = [stack.enter_context(process) for process in processes]
            for process in both:
                process.require_protocol()
            for k in self.random.permutation(len(self.points)):
                point = self.points[k]
                if point in self.refused:
                    continue
                try:
                    self.open(both, replace(point, process=number))
                    found[point] = self.by_turns(both)
                except WorkError as error:
                    self.refused[point] = FAILED, str(error)
                except OtherResults as error:
                    self.refused[point] = OTHER, str(error)
        return found

    def open(self, both: Sequence[Process], timing: TimingConfig) -> None:
        """Begin a piece of work in both.

        Raises:
            WorkError: one cannot do it.
            OtherResults: they do not do the same.
        """
        saved = [side.source.with_name("results.npy") for side in self.sides]
        given = {"timing": timing.as_row(), "vocab_size": self.text.vocab_size}
        for k in self.random.permutation(len(both)):
            both[k].ask("open", **given, results=str(saved[k]))
        base, head = map(np.load, saved)
        require_same(base, head, TOLERANCES[timing.dtype]["gradient"])

    def by_turns(self, both: Sequence[Process]) -> Times:
        """Train both by turns; the time of a step of each, at its best."""
        once = min(min(process.ask("train", number=3)) for process in both)
        number = max(1, round(1e6 * TURN / once))
        first = int(self.random.integers(2))
        steps: tuple[list[float], list[float]] = ([], [])
        for k in range(WARM + TURNS):
            turn = ORDER[k % len(ORDER)] ^ first
            found = both[turn].ask("train", number=number)
            steps[turn].extend(found if k >= WARM else ())
        base, head = (float(np.quantile(own, QUANTILE)) for own in steps)
        return base, head


class OtherResults(Exception):
    """Two commits do not train the same, in one line."""


def require_same(base: np.ndarray, head: np.ndarray, allowed: float) -> None:
    """Hold losses and weights of two arms against each other.

    Raises:
        OtherResults: there are others, or they differ by more than allowed, as a share of the
            largest.
    """
    if base.shape != head.shape:
        raise OtherResults(f"{base.size} losses and weights in the base, {head.size} in the head")
    off = np.abs(head - base).max() / np.abs(base).max()
    if not off <= allowed:
        raise OtherResults(
            f"after {arm.SAME_STEPS} training steps from the same weights, losses or weights are "
            f"off by {off:.1e} of the largest, allowed {allowed:.0e}"
        )
