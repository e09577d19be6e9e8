"""Forecasting a noisy sine."""

from typing import Any

import numpy as np
from pandas import DataFrame
from scipy.stats import binomtest

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers

TABLES = ("sine_skill", "sine_maps", "sine", "sine_lags", "sine_floor")

BOOK = "mlp"
NOTHING = 1e-20  # squared: an error of rounding alone
SPREAD = (0.05, 0.5, 0.95)  # over seeds
FEW = 3  # seeds that a verdict rests on


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (one_step, multi_step, accumulation, farther, two_lags, more_lags, latent)
    return [judge(tables) for judge in judges]


def one_step(tables: readers.Tables) -> Claim:
    """Holds if the network beats every base line in 95 % of the seeds; fails if none by median."""
    said = Claim("One step ahead, the network forecasts the sine well.", "d2l 8.1.3")
    skill = readers.rows(tables, "sine_skill")
    if skill.empty:
        return said
    found = skill[(skill.model == BOOK) & (skill["mode"] == "one_step") & (skill.n >= FEW)]
    if found.empty:
        return said
    beaten = found.skill > 0
    parts = [
        f"{readers.figures3(row.skill)} against {row.baseline} ({readers.figures3(row.low)} to "
        f"{readers.figures3(row.high)})"
        for row in found.sort_values("skill").itertuples()
    ]
    hardest = found.loc[found.skill.idxmin()]
    return said.judged(
        HOLDS if (found.low > 0).all() else PARTLY if beaten.any() else FAILS,
        f"Its skill is {readers.english(parts)}; median and 5-95 % of "
        f"{readers.counted(int(hardest.n), 'seed')}.",
        **{"value": hardest.skill, "low": hardest.low, "high": hardest.high, "n": int(hardest.n)},
    )


def multi_step(tables: readers.Tables) -> Claim:
    """Holds if fed with its own output the network errs more in 95 % of the seeds."""
    said = Claim("Multi-step forecasts are much worse than one-step forecasts.", "d2l 8.1.3")
    pairs = _pair(tables, (BOOK, "multi_step", None), (BOOK, "one_step", None))
    if not len(pairs):
        return said
    low, middle, high = np.quantile(pairs, SPREAD)
    return said.judged(
        HOLDS if low > 1 else FAILS if high < 1 else PARTLY,
        f"Its mean squared error is {_told(low, middle, high)} times as large"
        f"{_over(pairs)}{_zero(tables)}.",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def accumulation(tables: readers.Tables) -> Claim:
    """Two signs: early errors are amplified, and a network that is fed no output errs less.

    The first: the gain of the learned map over the longest horizon exceeds 1 (median over seeds).
    The second: the iterated network's error exceeds that of one trained for the horizon in more
    seeds than by chance (sign test, 5 %). Holds with both, partly with one, fails with none.
    """
    said = Claim("Multi-step forecasts are worse because errors accumulate.", "d2l 8.1.3")
    maps, longest = readers.rows(tables, "sine_maps"), _longest(tables)
    pairs = _pair(tables, (BOOK, "k_step", longest), ("direct", "k_step", longest))
    if maps.empty or not len(pairs):
        return said
    own = maps[maps.model == BOOK]
    gain, (low, middle, high) = float(own.gain.median()), np.quantile(pairs, SPREAD)
    worse = int((pairs > 1).sum())
    signs = int(gain > 1) + int(binomtest(worse, len(pairs), alternative="greater").pvalue < 0.05)
    collapsed = int((own.ending == "collapsed").sum())
    diverged = int((own.ending == "diverged").sum())
    return said.judged(
        (FAILS, PARTLY, HOLDS)[signs],
        f"A small change of the lags changes the forecast {longest:.0f} steps ahead "
        f"{readers.figures3(gain)} times as much, and the spectral radius of the learned map is "
        f"{readers.figures3(own.radius.median())} (medians): of {len(own)} seeds {collapsed} "
        f"collapse to a constant and {diverged} diverge; the error there is "
        f"{_told(low, middle, high)} times that of networks trained for that horizon, and larger "
        f"in {worse} seeds{_over(pairs)}.",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def farther(tables: readers.Tables) -> Claim:
    """Holds if the error at the longest horizon exceeds that at the shortest in 95 % of seeds."""
    said = Claim("The farther ahead, the worse the forecast.", "d2l 8.1.4")
    sine, longest = readers.rows(tables, "sine"), _longest(tables)
    if sine.empty:
        return said
    shortest = sine[sine["mode"] == "k_step"].horizon.min()
    pairs = _pair(tables, (BOOK, "k_step", longest), (BOOK, "k_step", shortest))
    if not len(pairs):
        return said
    low, middle, high = np.quantile(pairs, SPREAD)
    return said.judged(
        HOLDS if low > 1 else FAILS if high < 1 else PARTLY,
        f"At k = {longest:.0f} the error is {_told(low, middle, high)} times that at "
        f"k = {shortest:.0f}{_over(pairs)}{_floors(tables, shortest, longest)}.",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def two_lags(tables: readers.Tables) -> Claim:
    """Holds if without noise OLS errs by rounding alone with two lags, and by more with one."""
    said = Claim("Without noise, two past values are all that is needed.", "d2l 8.1.6")
    lags = _lags(tables, "ols_ar", noisy=False)
    if not {1, 2} <= set(lags.num_lags if len(lags) else ()):
        return said
    one, two = (lags[lags.num_lags == n].mse for n in (1, 2))
    exact = two.max() < NOTHING
    return said.judged(
        HOLDS if exact and one.min() > NOTHING else PARTLY if exact else FAILS,
        f"A linear autoregression errs by {readers.figures3(one.median())} (mean squared) with one "
        f"lag and by {two.median():.1e} with two, as x(t) = 2 cos(w) x(t-1) - x(t-2).",
        **{"value": two.median(), "low": two.min(), "high": two.max(), "n": len(two)},
    )


def more_lags(tables: readers.Tables) -> Claim:
    """Holds if both linear model and network err less with the most lags than with two."""
    said = Claim("With noise, more past values give better forecasts.", "d2l 8.1.6")
    ratios = {}
    for model in ("ols_ar", BOOK):
        lags = _lags(tables, model, noisy=True)
        most = lags.num_lags.max() if len(lags) else 0
        if most > 2 and 2 in set(lags.num_lags):
            few, many = (lags[lags.num_lags == n].set_index("seed").mse for n in (2, most))
            ratios[model] = (many / few).dropna()
    if len(ratios) < 2:
        return said
    better = sum(bool(ratio.median() < 1) for ratio in ratios.values())
    parts = [f"{_told(*np.quantile(r, SPREAD))} for {name}" for name, r in ratios.items()]
    low, middle, high = np.quantile(ratios[BOOK], SPREAD)
    return said.judged(
        (FAILS, PARTLY, HOLDS)[better],
        f"The one-step error with {most:.0f} lags over that with 2 is {readers.english(parts)}"
        f"{_over(ratios[BOOK])}.",
        **{"value": middle, "low": low, "high": high, "n": len(ratios[BOOK])},
    )


def latent(tables: readers.Tables) -> Claim:
    """Holds if the RNN's one-step error is no larger in half of the seeds; fails if in 5 % only."""
    said = Claim(
        "A summary of the past that is updated step by step serves as well as a fixed window.",
        "d2l 8.1.1",
    )
    pairs = _pair(tables, ("rnn", "one_step", None), (BOOK, "one_step", None))
    if not len(pairs):
        return said
    low, middle, high = np.quantile(pairs, SPREAD)
    return said.judged(
        HOLDS if middle <= 1 else FAILS if low > 1 else PARTLY,
        f"One step ahead the error of the RNN is {_told(low, middle, high)} times that of the "
        f"network on lags{_over(pairs)}.",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def _pair(tables: readers.Tables, above: tuple[Any, ...], below: tuple[Any, ...]) -> np.ndarray:
    """Ratio of two errors, (model, mode, horizon), on the same series, ``(seeds,)``; 3 or none."""
    sine = readers.rows(tables, "sine")
    if sine.empty:
        return np.empty(0)
    errors = []
    for model, mode, horizon in (above, below):
        chosen = sine[(sine.model == model) & (sine["mode"] == mode)]
        chosen = chosen if horizon is None else chosen[chosen.horizon == horizon]
        errors.append(chosen.drop_duplicates("seed").set_index("seed").mse)
    found = (errors[0] / errors[1]).dropna().to_numpy(float)
    return found if len(found) >= FEW else np.empty(0)


def _longest(tables: readers.Tables) -> float:
    sine = readers.rows(tables, "sine")
    return np.nan if sine.empty else sine[sine["mode"] == "k_step"].horizon.max()


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


def _zero(tables: readers.Tables) -> str:
    pairs = _pair(tables, (BOOK, "multi_step", None), ("zero", "multi_step", None))
    if not len(pairs):
        return ""
    worse = f"{int((pairs > 1).sum())} of {len(pairs)}"
    return f"; in {worse} it is worse than to say 0 always"


def _told(low: float, middle: float, high: float) -> str:
    ends = map(readers.figures3, (low, high))
    return f"{readers.figures3(middle)} ({' to '.join(ends)})"


def _over(pairs: np.ndarray) -> str:
    return f"; median and 5-95 % of {readers.counted(len(pairs), 'seed')}"
