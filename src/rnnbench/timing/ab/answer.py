"""What rounds of two commits come to: ratios with their intervals, verdicts, and words for them.

The log of a ratio is the mean over rounds, and its interval Student's; overall that of the mean
over pieces of work in each round, so that what they share in a round counts. Verdicts on single
pieces are adjusted for their number, see :mod:`rnnbench.timing.statistics.ratios`.
"""

from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import SIZES, TIMED, TimingConfig
from rnnbench.timing.ab.rounds import Rounds
from rnnbench.timing.statistics import estimates, ratios

FEWEST = 8  # rounds that say anything
EQUAL_WITHIN = 0.01
ALL = "all"
ADDRESS = (*TIMED, *SIZES)
COLUMNS = [
    *("base", "head", "scope", *ADDRESS, "base_tokens_per_second", "head_tokens_per_second"),
    *("ratio", "low", "high", "rounds", "p_adjusted", "smallest_difference", "verdict", "reason"),
]


def table(done: Rounds) -> DataFrame:
    """All work together in the first row, then each piece of work; COLUMNS.

    Raises:
        StudyError: there are fewer rounds than FEWEST.
    """
    points = [point for point in done.points if point not in done.refused]
    if points and len(done.times) < FEWEST:
        raise StudyError(
            f"expected at least {FEWEST} rounds, found {len(done.times)}: too few to say which is "
            "faster. Let it run longer; nothing was written."
        )
    logs = np.log(
        [[times[point] for point in points] for times in done.times]
    )  # (rounds, points, 2)
    parts = [({"scope": ALL} | ratio(logs.mean(axis=1)),)] if points else []
    pieces = [piece(p) | speeds(p, logs[:, k]) | ratio(logs[:, k]) for k, p in enumerate(points)]
    for point, (status, reason) in done.refused.items():
        pieces.append(piece(point) | {"status": status, "reason": reason})
    base, head = (side.name for side in done.sides)
    rows = [row for part in (*parts, pieces) for row in judged(part)]
    return DataFrame(rows, columns=COLUMNS).assign(base=base, head=head)


def ratio(logs: np.ndarray) -> dict[str, Any]:
    """The head's speed over the base's.

    Args:
        logs: of the time of a step of the base and of the head in each round, ``(rounds, 2)``.
    """
    estimate = estimates.mean(logs[:, 0] - logs[:, 1])
    counts = dict.fromkeys(("rounds", "sittings", "baseline_sittings"), len(logs))
    return ratios.measurement(estimate, estimate, EQUAL_WITHIN) | counts


def piece(point: TimingConfig) -> dict[str, Any]:
    """The address of a piece of work."""
    return {"scope": "piece", **{name: getattr(point, name) for name in ADDRESS}}


def speeds(point: TimingConfig, logs: np.ndarray) -> dict[str, float]:
    """Tokens per second of both at their best, geometric means over rounds."""
    per_step = point.batch_size * point.num_steps
    base, head = (float(1e6 * per_step / t) for t in np.exp(logs.mean(axis=0)))
    return {"base_tokens_per_second": base, "head_tokens_per_second": head}


def judged(rows: Any) -> list[dict[str, Any]]:
    """Rows with their verdicts, adjusted for their number."""
    if not rows:
        return []
    known = DataFrame(rows, columns=list(dict.fromkeys(key for row in rows for key in row)))
    missing = {name: np.nan for name in ("p", "ratio") if name not in known}
    return ratios.judge(known.assign(**missing), EQUAL_WITHIN).to_dict("records")


def lines(found: DataFrame) -> list[str]:
    """The answer, then a line per piece of work."""
    overall, pieces = found[found.scope == ALL], found[found.scope != ALL]
    measured = pieces[pieces.ratio.notna()]
    said = [f"{row.head} {sentence(row, len(measured))}" for row in overall.itertuples()]
    said = said or [f"{found['head'].iloc[0]} could not be compared with {found.base.iloc[0]}"]
    return said + [f"  {_piece(row)}" for row in pieces.itertuples()]


def sentence(row: Any, pieces: int) -> str:
    """The overall verdict, behind the name of the head."""
    times = f"{row.ratio:.3f} times as fast"
    said = {
        ratios.FASTER: f"is {times} as {row.base}",
        ratios.SLOWER: f"is {times} as {row.base}",
        ratios.ALIKE: f"cannot be told apart from {row.base}: {times}",
    }.get(row.verdict, f"is as fast as {row.base} {row.verdict.removeprefix('equal ')}: {times}")
    work = f"over {pieces} piece{'s' * (pieces != 1)} of work, {row.rounds:.0f} rounds"
    return f"{said} (95 % interval {row.low:.3f} to {row.high:.3f}, {work}){_hidden(row)}"


def _piece(row: Any) -> str:
    what = presets.label(row.variant, row.implementation)
    if np.isnan(row.ratio):
        return f"{what}: {row.verdict}: {row.reason}"
    interval = f"{row.low:.3f} to {row.high:.3f}"
    return f"{what}: {row.ratio:.3f} ({interval}), {row.verdict}{_hidden(row)}"


def _hidden(row: Any) -> str:
    """The difference that would have been found, where none was."""
    if row.verdict != ratios.ALIKE:
        return ""
    return f"; {100 * row.smallest_difference:.1f} % would have been found in 9 of 10 tries"
