"""Forecasting a noisy sine."""

from typing import Any

import numpy as np
from pandas import DataFrame, concat

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers

TABLES = ("sine_maps", "sine", "sine_lags", "sine_floor")

BOOK = "mlp"
BASELINES = ("ols_ar", "lag_mean", "persistence", "zero")
NOTHING = 1e-20  # squared: an error of rounding alone


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (one_step, multi_step, accumulation, farther, two_lags, more_lags, latent)
    return [judge(tables) for judge in judges]


def one_step(tables: readers.Tables) -> Claim:
    """A part per base line: the network's error is surely below its."""
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
    """Whether the network surely errs more when it is fed with its own output."""
    said = Claim("Multi-step forecasts are much worse than one-step forecasts.", "d2l 8.1.3")
    pairs = _pairs(tables, (BOOK, "multi_step"), (BOOK, "one_step"))
    zero = _pairs(tables, (BOOK, "multi_step"), ("zero", "multi_step"))
    worse = f"; in {int((zero.value > 1).sum())} of {len(zero)} seeds it is worse than to say 0"
    return said.compared(
        _comparing.compared(pairs, above=True, by="model"),
        f"Its mean squared error is {{}} times as large{f'{worse} always' if len(zero) else ''}.",
    )


def accumulation(tables: readers.Tables) -> Claim:
    """Two parts: early errors are amplified, and a network that is fed no output errs less.

    The first: the gain of the learned map over the longest horizon is surely above 1. The second:
    so is the iterated network's error over that of one trained for the horizon.
    """
    said = Claim("Multi-step forecasts are worse because errors accumulate.", "d2l 8.1.3")
    maps, longest = readers.rows(tables, "sine_maps"), _horizon(tables, "max")
    pairs = _pairs(tables, (BOOK, "k_step", longest), ("direct", "k_step", longest))
    own = maps if maps.empty else maps[maps.model == BOOK]
    errors = _comparing.compared(pairs, above=True, by="model")
    gain = _comparing.compared(own.assign(value=own.get("gain")), above=True, by="model")
    if errors is None or gain is None:
        return said
    endings = own.ending.value_counts()
    return said.judged(
        f"A small change of the lags changes the forecast {longest:.0f} steps ahead {gain} times "
        f"as much: of {len(own)} seeds {endings.get('collapsed', 0)} collapse to a constant and "
        f"{endings.get('diverged', 0)} diverge; the error there is {errors} times that of networks "
        "trained for that horizon.",
        [gain.parts[0], errors.parts[0]],
        _judging.sampled(pairs, errors.n),
        **errors.numbers,
    )


def farther(tables: readers.Tables) -> Claim:
    """Whether the error at the longest horizon surely exceeds that at the shortest."""
    said = Claim("The farther ahead, the worse the forecast.", "d2l 8.1.4")
    near, far = _horizon(tables, "min"), _horizon(tables, "max")
    pairs = _pairs(tables, (BOOK, "k_step", far), (BOOK, "k_step", near))
    return said.compared(
        _comparing.compared(pairs, above=True, by="model"),
        f"At k = {far:.0f} the error is {{}} times that at k = {near:.0f}"
        f"{_floors(tables, near, far)}.",
    )


def two_lags(tables: readers.Tables) -> Claim:
    """Without noise OLS errs by rounding alone with two lags, and by more with one."""
    said = Claim("Without noise, two past values are all that is needed.", "d2l 8.1.6")
    lags = _lags(tables, "ols_ar", noisy=False)
    if not {1, 2} <= set(lags.num_lags if len(lags) else ()):
        return said
    one, two = (lags[lags.num_lags == n].mse for n in (1, 2))
    return said.judged(
        f"A linear autoregression errs by {readers.figures3(one.median())} (mean squared) with one "
        f"lag and by {two.median():.1e} with two, as x(t) = 2 cos(w) x(t-1) - x(t-2).",
        [bool(two.max() < NOTHING), bool(one.min() > NOTHING)],
        _judging.exact(lags.seed.nunique(), "fit"),
        two.median(),
    )


def more_lags(tables: readers.Tables) -> Claim:
    """A part each for the linear model and the network: the most lags surely err less than two."""
    said = Claim("With noise, more past values give better forecasts.", "d2l 8.1.6")
    lags = concat(_lags(tables, model, noisy=True) for model in ("ols_ar", BOOK))
    if lags.empty or lags.num_lags.max() <= 2:
        return said
    ends = int(lags.num_lags.max()), 2
    pairs = _comparing.over(lags, "mse", "num_lags", ends, ["model", "seed"])
    if len(pairs) == 0 or pairs.model.nunique() < 2:
        return said
    found = _comparing.compared(pairs, above=False, by="model")
    assert found is not None
    parts = [f"{_comparing.told(*g[1:4])} for {g.Index}" for g in found.groups.itertuples()]
    return said.judged(
        f"The one-step error with {ends[0]} lags over that with 2 is {readers.english(parts)}.",
        list(found.groups.part),
        _judging.sampled(pairs, found.n),
        *found.groups.loc[BOOK, ["value", "low", "high"]],
    )


def latent(tables: readers.Tables) -> Claim:
    """Whether the RNN's one-step error surely is no more than 2 % above that of the network."""
    said = Claim(
        "A summary of the past that is updated step by step serves as well as a fixed window.",
        "d2l 8.1.1",
    )
    pairs = _pairs(tables, ("rnn", "one_step"), (BOOK, "one_step"))
    return said.compared(
        _comparing.compared(pairs, _comparing.AS_GOOD, above=False, by="model"),
        "One step ahead the error of the RNN is {} times that of the network on lags.",
    )


def _pairs(tables: readers.Tables, above: tuple[Any, ...], below: tuple[Any, ...]) -> DataFrame:
    """Ratio of two errors, (model, mode) or (model, mode, horizon), of the same seeds."""
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


def _lags(tables: readers.Tables, model: str, noisy: bool) -> DataFrame:
    """Rows of the sweep without noise, or with the most noise."""
    lags = readers.rows(tables, "sine_lags")
    if lags.empty:
        return lags
    lags = lags[(lags.model == model) & ((lags.noise > 0) == noisy)]
    return lags[lags.noise == lags.noise.max()]


def _floors(tables: readers.Tables, near: float, far: float) -> str:
    floors = readers.rows(tables, "sine_floor")
    if floors.empty:
        return ""
    floors = floors[(floors.floor == "best_linear") & (floors.noise > 0)].set_index("horizon").mse
    if not {near, far} <= set(floors.index):
        return ""
    values = (float(np.ravel(floors.loc[k])[0]) for k in (near, far))
    low, high = map(readers.figures3, values)
    return f"; the best linear forecast goes from {low} to {high}"
