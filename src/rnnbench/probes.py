"""What is measured beside training steps, in the same job, when the campaign is over.

What the machine can do of the products (``limit``), how fast a model is used (``inference``), where
a step's time goes (``breakdown``), and other sizes (``scaling``): each a module with ``rows`` like
those of :mod:`rnnbench.speed`. Round by round, each probe in a new process, in random order.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.jobs import TimingConfig
from rnnbench.load import disturbed
from rnnbench.points import ADDRESS, MEASURED, Protocol
from rnnbench.timing import Interpreter, Text, WorkError

FAILED = "failed"

log = logging.getLogger(__name__)


def measure(
    asked: Mapping[str, Sequence[TimingConfig]],
    rounds: int,
    protocol: Protocol,
    text: Text,
    printed: Path,
) -> tuple[dict[str, DataFrame], DataFrame]:
    """Return the windows of each kind of work, and what became of each probe.

    Windows are marked as disturbed by the rule of the campaign.

    Args:
        asked: kind of work -> what is measured.
        rounds: processes per probe.
        protocol: of the campaign; its seed decides the order.
        text: given to all work.
        printed: file to which whatever a process prints is appended.
    """
    jobs = [(work, timing) for work, timings in asked.items() for timing in timings]
    windows: dict[str, list[DataFrame]] = {work: [] for work in asked}
    states = [{"status": MEASURED, "reason": None} for _ in jobs]
    for number in range(1, rounds + 1):
        with Interpreter(text, printed) as interpreter:
            for i in np.random.default_rng([protocol.seed, number]).permutation(len(jobs)):
                work, timing = jobs[i]
                try:
                    rows = interpreter.rows(work, replace(timing, process=number))
                    found = DataFrame(rows)
                    marks = disturbed(found, protocol.outside_load)
                    windows[work].append(found.assign(disturbed=marks))
                except WorkError as error:
                    log.warning("not measured: %s of %s: %s", work, timing.variant, error)
                    states[i] = {"status": FAILED, "reason": str(error)}
        log.info("probes, round %d of %d", number, rounds)
    made = [_state(*job, state) for job, state in zip(jobs, states, strict=True)]
    table = DataFrame(made, columns=["work", *ADDRESS, "status", "reason"])
    return {work: _together(parts) for work, parts in windows.items()}, table


def _together(parts: list[DataFrame]) -> DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=[*ADDRESS])


def _state(work: str, timing: TimingConfig, state: dict[str, Any]) -> dict[str, Any]:
    return {"work": work} | {key: getattr(timing, key) for key in ADDRESS} | state
