"""Micro-benchmarks of the hot paths, held against a stored reference: what became slower?

``tests/bench`` holds them, for pytest-benchmark. What repeats is the process: all benchmarks run in
several fresh ones, each of which gives the median of its rounds. The ratio to the reference is that
of two machines in :mod:`rnnbench.comparison`, with its interval and its verdict; the noise floor of
a benchmark is an A/A test, every other process against the rest.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench import comparison, stats
from rnnbench.errors import StudyError
from rnnbench.jobs import MEASURED
from rnnbench.records import replacing
from rnnbench.stats import Samples

PROCESSES = 6  # two halves with an interval each
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)  # whatever the workflow gives its job
ROUNDS = ("--benchmark-max-time=0.25", "--benchmark-min-rounds=5", "--benchmark-warmup=on")
TIMES = ["machine", "benchmark", "process", "rounds", "seconds"]
MISSING = "not in the reference"

log = logging.getLogger(__name__)


def measure(benchmarks: Sequence[str], path: str | Path) -> None:
    """Run the files ``benchmarks`` once, in a fresh process of one thread; write every round.

    Raises:
        StudyError: a benchmark failed; the log says which.
    """
    alone = ("-p", "no:cacheprovider", "-p", "no:xdist", "--quiet", "--benchmark-quiet")
    with replacing(path) as temporary:
        written = ("--benchmark-enable", f"--benchmark-json={temporary}")
        command = [sys.executable, "-m", "pytest", *benchmarks, *alone, *ROUNDS, *written]
        # a pytest around it, or its options, would have a say in what is measured
        ours = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(command, capture_output=True, text=True, env=ours | ONE_THREAD)
        log.info("%s%s", done.stdout, done.stderr)
        if done.returncode:
            raise StudyError(
                "microbench: wanted every benchmark to pass, found one that failed; the log has "
                "more. Run them as tests: python -m pytest tests/bench."
            )


def times(paths: Sequence[str | Path], machine: str) -> DataFrame:
    """Return one row per benchmark and process: ``machine benchmark process rounds seconds``.

    ``seconds`` is the median over the rounds of a process, from what :func:`measure` wrote.
    """
    rows = [
        {"machine": machine, "benchmark": _name(found), "process": process}
        | {"rounds": found["stats"]["rounds"], "seconds": found["stats"]["median"]}
        for process, path in enumerate(paths, start=1)
        for found in json.loads(Path(path).read_text(encoding="utf-8"))["benchmarks"]
    ]
    return DataFrame(rows, columns=TIMES)


def table(now: DataFrame, reference: DataFrame) -> DataFrame:
    """Hold times against those of the reference, benchmark by benchmark.

    ``seconds`` is the level over processes with its interval ``seconds_low``, ``seconds_high``;
    ``ratio`` the speed now over that of the reference, so that less than 1 is slower, with its
    95 % interval ``low``, ``high``; ``verdict`` as in :func:`rnnbench.comparison.judge`.

    Args:
        now, reference: as of :func:`times`.
    """
    before = {str(name): rows for name, rows in reference.groupby("benchmark")}
    rows = [
        _row(str(name), rows, before.get(str(name), reference[:0]))
        for name, rows in now.groupby("benchmark", sort=False)
    ]
    return comparison.judge(DataFrame(rows))


def _row(benchmark: str, now: DataFrame, before: DataFrame) -> dict[str, Any]:
    level = stats.interval(_seconds(now))
    row = {
        **{"machine": now.machine.iloc[0], "benchmark": benchmark, "seconds": level.estimate},
        **{"seconds_low": level.low, "seconds_high": level.high, "processes": len(now)},
    }
    if before.empty:
        unknown = dict.fromkeys(("ratio", "low", "high", "p", "noise_floor"), np.nan)
        return row | {"reference_machine": None} | unknown | {"status": MISSING}
    found = comparison.compare(_speeds(now), _speeds(before))
    floor = comparison.noise_floor([_against_itself(now), _against_itself(before)])
    return row | {
        **{"reference_machine": before.machine.iloc[0], "ratio": found.ratio, "low": found.low},
        **{"high": found.high, "p": found.p, "noise_floor": floor},
        "status": MEASURED,
    }


def _against_itself(times: DataFrame) -> comparison.Comparison:
    odd = times.process % 2 == 1
    return comparison.compare(_speeds(times[odd]), _speeds(times[~odd]))


def _seconds(times: DataFrame) -> Samples:
    """Process -> its time, ``(1,)``."""
    return {row: np.array([seconds]) for row, seconds in enumerate(times.seconds)}


def _speeds(times: DataFrame) -> Samples:
    """Process -> how often it does the work per second, ``(1,)``."""
    return {process: 1 / seconds for process, seconds in _seconds(times).items()}


def _name(found: dict[str, Any]) -> str:
    """``step[gru-cpu]`` of ``test_step[gru-cpu]``."""
    return str(found["name"]).removeprefix("test_")
