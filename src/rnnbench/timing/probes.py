"""What is measured beside training steps, in a job that has the machine to itself.

What the machine can do of the products (``limit``), how fast a model is used (``inference``), where
a step's time goes (``breakdown``), and other sizes (``scaling``): each a module with ``rows`` like
those of :mod:`rnnbench.timing.work.speed`. Round by round, each probe in a new process, in random
order.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base import presets
from rnnbench.base.parameters import FAILED, MEASURED, TimingConfig
from rnnbench.timing import disturbance
from rnnbench.timing.points import ADDRESS
from rnnbench.timing.processes import Interpreter, Text, WorkError
from rnnbench.training import samplers

log = logging.getLogger(__name__)


def check(asked: Mapping[str, Sequence[TimingConfig]], text: Text) -> None:
    """Raise StudyError if the text is shorter than a minibatch of what is to be measured."""
    for work, timings in asked.items():
        for timing in timings:
            samplers.check_job(f"probes.{work}", timing, text.num_tokens)


def measure(
    asked: Mapping[str, Sequence[TimingConfig]],
    rounds: int,
    seed: int,
    text: Text,
    printed: Path,
) -> tuple[dict[str, DataFrame], DataFrame]:
    """Return the windows of each kind of work, and what became of each probe.

    Args:
        asked: kind of work -> what is measured.
        rounds: processes per probe.
        printed: file to which whatever a process prints is appended.
    """
    jobs = [(work, timing) for work, timings in asked.items() for timing in timings]
    windows: dict[str, list[DataFrame]] = {work: [] for work in asked}
    states = [{"status": MEASURED, "reason": None} for _ in jobs]
    place, of = count(1), rounds * len(jobs)
    for number in range(1, rounds + 1):
        with Interpreter(text, printed) as interpreter:
            for i in np.random.default_rng([seed, number]).permutation(len(jobs)):
                work, timing = jobs[i]
                log.info("probe %d/%d: %s of %s", next(place), of, work, _name(timing))
                try:
                    rows = interpreter.rows(work, replace(timing, process=number))
                    windows[work].append(DataFrame(rows))
                except WorkError as error:
                    log.warning("not measured: %s of %s: %s", work, _name(timing), error)
                    states[i] = {"status": FAILED, "reason": str(error)}
    made = [_state(*job, state) for job, state in zip(jobs, states, strict=True)]
    table = DataFrame(made, columns=["work", *ADDRESS, "status", "reason"])
    return _marked(windows), table


def _name(timing: TimingConfig) -> str:
    return presets.label(timing.variant, timing.implementation)


def _marked(windows: Mapping[str, list[DataFrame]]) -> dict[str, DataFrame]:
    """The windows of each kind of work together, and which of them others disturbed."""
    every = [part[part.counted] for parts in windows.values() for part in parts]
    calm = disturbance.calm_pace(pd.concat(every)) if every else Series(dtype=float)
    return {work: _together(parts, calm) for work, parts in windows.items()}


def _together(parts: list[DataFrame], calm: Series) -> DataFrame:
    if not parts:
        return DataFrame(columns=[*ADDRESS])
    windows = pd.concat(parts, ignore_index=True)
    windows["core_slowdown"] = disturbance.core_slowdown(windows, calm)
    return windows.assign(disturbed=disturbance.disturbed(windows))


def _state(work: str, timing: TimingConfig, state: dict[str, Any]) -> dict[str, Any]:
    return {"work": work} | {key: getattr(timing, key) for key in ADDRESS} | state
