"""Forecasting a noisy sine."""

from typing import Any

import numpy as np
from pandas import DataFrame, concat

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers

TABLES = ("sine", "sine_floor")

BOOK = "mlp"
BASELINES = ("ols_ar", "lag_mean", "persistence", "zero")


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (one_step, multi_step, accumulation, farther, latent)
    return [judge(tables) for judge in judges]


def one_step(tables: readers.Tables) -> Claim:
    """A part per baseline: the network's error is below that of the baseline."""
    said = Claim("One step ahead, the network forecasts the sine well.", "d2l 8.1.3")
    pairs = concat(_pairs(tables, (BOOK, "one_step"), (b, "one_step")) for b in BASELINES)
    found = _comparing.compared(pairs, above=False, by="model_other")
    if found is None:
        return said
    groups = found.groups.sort_values("value", ascending=False)
    parts = [f"{_comparing.told(*g[1:4])} times that of {g.Index}" for g in groups.itertuples()]
    return said.judged(
        f"Its mean squared error is {readers.english(parts)}.",
        list(groups.part),
        _judging.sampled(pairs, found.n),
        *groups.iloc[0][["value", "low", "high"]],
    )


def multi_step(tables: readers.Tables) -> Claim:
    """The network's error is larger when it is fed its own output."""
    said = Claim("Multi-step forecasts are much worse than one-step forecasts.", "d2l 8.1.3")
    pairs = _pairs(tables, (BOOK, "multi_step"), (BOOK, "one_step"))
    zero = _pairs(tables, (BOOK, "multi_step"), ("zero", "multi_step"))
    worse = f"; in {int((zero.value > 1).sum())} of {len(zero)} seeds it is worse than always 0"
    return said.compared(
        _comparing.compared(pairs, above=True, by="model"),
        f"The mean squared error is {{}} times as large{worse if len(zero) else ''}.",
    )


def accumulation(tables: readers.Tables) -> Claim:
    """The error of a network fed its own output exceeds that of one trained for the horizon."""
    said = Claim("Multi-step forecasts are worse because errors accumulate.", "d2l 8.1.3")
    longest = _horizon(tables, "max")
    pairs = _pairs(tables, (BOOK, "k_step", longest), ("direct", "k_step", longest))
    return said.compared(
        _comparing.compared(pairs, above=True, by="model"),
        f"At {longest:.0f} steps ahead, the error of the network fed its own output is {{}} times "
        "that of networks trained for that horizon.",
    )


def farther(tables: readers.Tables) -> Claim:
    """The error at the longest horizon exceeds that at the shortest."""
    said = Claim("The farther ahead, the worse the forecast.", "d2l 8.1.4")
    near, far = _horizon(tables, "min"), _horizon(tables, "max")
    pairs = _pairs(tables, (BOOK, "k_step", far), (BOOK, "k_step", near))
    return said.compared(
        _comparing.compared(pairs, above=True, by="model"),
        f"At k = {far:.0f}, the error is {{}} times that at k = {near:.0f}"
        f"{_floors(tables, near, far)}.",
    )


def latent(tables: readers.Tables) -> Claim:
    """The RNN's one-step error is at most 2 % above that of the network."""
    said = Claim(
        "A summary of the past that is updated step by step works as well as a fixed window.",
        "d2l 8.1.1",
    )
    pairs = _pairs(tables, ("rnn", "one_step"), (BOOK, "one_step"))
    return said.compared(
        _comparing.compared(pairs, _comparing.AS_GOOD, above=False, by="model"),
        "One step ahead, the error of the RNN is {} times that of the network on lags.",
    )


def _pairs(tables: readers.Tables, above: tuple[Any, ...], below: tuple[Any, ...]) -> DataFrame:
    """Ratios of the errors of two (model, mode) or (model, mode, horizon), seed by seed."""
    sine = readers.rows(tables, "sine")
    if sine.empty:
        return DataFrame(columns=["seed", "model", "model_other", "value"])
    one, other = (
        sine[
            (sine[["model", "mode", "horizon"][: len(of)]] == list(of)).all(axis=1)
        ].drop_duplicates("seed")
        for of in (above, below)
    )
    pairs = one.merge(other, on="seed", suffixes=("", "_other"))
    return pairs.assign(value=pairs.mse / pairs.mse_other)


def _horizon(tables: readers.Tables, which: str) -> float:
    sine = readers.rows(tables, "sine")
    return np.nan if sine.empty else sine[sine["mode"] == "k_step"].horizon.agg(which)


def _floors(tables: readers.Tables, near: float, far: float) -> str:
    floors = readers.rows(tables, "sine_floor")
    if floors.empty:
        return ""
    floors = floors[floors.floor == "best_linear"].set_index("horizon").mse
    if not {near, far} <= set(floors.index):
        return ""
    values = (float(np.ravel(floors.loc[k])[0]) for k in (near, far))
    low, high = map(readers.figures3, values)
    return f"; that of the best linear forecast goes from {low} to {high}"
