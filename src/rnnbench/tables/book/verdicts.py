"""Our runs beside the book's: inside the published spread at the same setting, or not.

A perplexity is held against the spread of the published ones after the same rounding, to the one
decimal that the book prints: both 1.03 and 0.96 are 1.0 there. Of runs at another setting the row
says which settings differ. Speeds are shown, never judged.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import DEFAULTS, NOT_AVAILABLE
from rnnbench.tables import book, columns

INSIDE, ABOVE, BELOW, PARTLY = "inside", "above", "below", "partly inside"
NOT_COMPARABLE, NOT_RUN = "not comparable", "not run"
SETTING = ["variant", "sampler", "hidden_size", "learning_rate", "num_epochs", *book.ALIKE]
SAME_RUN = ["device", "seed", "engine"]  # at one setting: a run of a trial and of the grid
NO_GPU = "the book names no GPU"


def table(runs: DataFrame, speed: DataFrame) -> DataFrame:
    """One row per training in the book's notebooks, and per device that we ran it on.

    Args:
        runs: training runs, of the grid and of trials, with ``perplexity``.
        speed: timed points with ``tokens_per_second``.
    """
    runs = columns.filled(runs[runs.status != NOT_AVAILABLE]) if len(runs) else runs
    executions = dict(list(book.published().groupby(book.TRAINING)))
    rows = []
    for setting in book.settings().to_dict("records"):
        printed = executions[tuple(setting[name] for name in book.TRAINING)]
        known = setting | spread(printed) | _speeds(setting, printed, speed)
        rows += [known | judged for judged in _judged(runs, setting, known)]
    return columns.table("book", rows)


def spread(executions: DataFrame) -> dict[str, Any]:
    """How the perplexities that were printed at one setting are spread; drafts are left out."""
    kept = executions.perplexity[~executions.draft].to_numpy(float)
    low, high = np.quantile(kept, [0.025, 0.975], method="inverted_cdf")
    return {
        **{"published_n": len(kept), "drafts": int(executions.draft.sum())},
        "published_median": float(np.median(kept)),
        **{"published_minimum": kept.min(), "published_maximum": kept.max()},
        **{"published_low": low, "published_high": high, "decimals": book.DECIMALS},
    }


def judge(perplexities: Sequence[float], minimum: float, maximum: float) -> str:
    """Where runs are in the published spread, once rounded; a diverged one is above it."""
    values = [book.printed(value) if math.isfinite(value) else math.inf for value in perplexities]
    found = {ABOVE if v > maximum else BELOW if v < minimum else INSIDE for v in values}
    return found.pop() if len(found) == 1 else PARTLY


def differences(run: dict[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """What of a run is not as expected: ``hidden_size 64, not 256``."""
    return [
        f"{name} {_shown(run[name])}, not {_shown(value)}"
        for name, value in expected.items()
        if _plain(run[name]) != _plain(value)
    ]


def _judged(
    runs: DataFrame, setting: dict[str, Any], known: dict[str, Any]
) -> list[dict[str, Any]]:
    """The verdict on perplexity, once per device."""
    own = runs[runs.variant == setting["variant"]] if len(runs) else runs
    if own.empty:
        return [{"n": 0, "verdict": NOT_RUN, "reason": f"no run of {setting['variant']}"}]
    expected = {name: setting[name] for name in SETTING} | DEFAULTS
    differing = [differences(run, expected) for run in own.to_dict("records")]
    same = own[[not found for found in differing]]
    if same.empty:
        fewest = min(differing, key=len)
        return [{"n": 0, "verdict": NOT_COMPARABLE, "reason": "; ".join(fewest)}]
    same = same.drop_duplicates(SAME_RUN)
    ends = known["published_minimum"], known["published_maximum"]
    return [_on(device, group, ends) for device, group in same.groupby("device")]


def _on(device: str, runs: DataFrame, ends: tuple[float, float]) -> dict[str, Any]:
    values = sorted(runs.perplexity.astype(float))
    return {
        **{"device": device, "n": len(runs), "verdict": judge(values, *ends)},
        "own_perplexity": " ".join(f"{value:.3f}" for value in values),
        "own_printed": " ".join(f"{value:.{book.DECIMALS}f}" for value in values),
        "conditions": "; ".join(_conditions(device, runs)),
    }


def _conditions(device: str, runs: DataFrame) -> list[str]:
    """What differs and is no part of the setting."""
    found = [] if device == "cuda" else [f"device {device}, not cuda:0"]
    for name, words in (("trained_by", "trained by"), ("torch_version", "torch")):
        if name in runs:
            found.append(f"{words} {', '.join(sorted(set(runs[name].astype(str))))}")
    return [*found, "initial weights from PCG64, not torch"]


def _speeds(setting: dict[str, Any], executions: DataFrame, speed: DataFrame) -> dict[str, Any]:
    """Both speeds: the median that the book prints, and the fastest way of ours, if timed."""
    known = {
        "published_tokens_per_second": executions[~executions.draft].tokens_per_second.median(),
        **{"speed_verdict": NOT_COMPARABLE, "speed_reason": NO_GPU},
    }
    own = speed[speed.variant == setting["variant"]] if len(speed) else speed
    own = own[pd.to_numeric(own.tokens_per_second).notna()] if len(own) else own
    own = own[own.implementation == presets.own(setting["variant"])] if len(own) else own
    if own.empty:
        return known
    alike = own[own.hidden_size == setting["hidden_size"]]
    own = alike if len(alike) else own
    fastest = own.loc[own.tokens_per_second.astype(float).idxmax()]
    at = {name: int(fastest[name]) for name in ("threads", "hidden_size")}
    words = f"{fastest.device}, threads {at['threads']}, hidden_size {at['hidden_size']}"
    return known | {"own_tokens_per_second": fastest.tokens_per_second, "own_timed": words}


def _plain(value: Any) -> Any:
    """Numbers as floats, so that 1 and 1.0 are one setting."""
    return value if isinstance(value, str) else float(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):g}"
