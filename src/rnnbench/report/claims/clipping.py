"""Clipping."""

import math

import numpy as np
from pandas import DataFrame, Series

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import divergence, gradient_rows, readers

TABLES = ("divergence", "runs", "lipschitz")

RARE = 0.05  # share of exceptions that a claim about every update may have
PAIR = [name for name in divergence.KEYS if name != "clip_norm"]
UNITS = {"rnn_relu": "ReLU", "rnn": "tanh"}


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        *(needed(tables), saves(tables), rectified(tables)),
        *(bounded(tables), milder(tables), slower(tables)),
    ]


def needed(tables: readers.Tables) -> Claim:
    """Runs that diverge without clipping: most, some, or none more than with it."""
    said = Claim(
        "Recurrent networks need clipping: without it their training diverges.", "d2l 8.5.5"
    )
    pairs = _pairs(tables)
    if pairs.empty:
        return said
    without, with_it = pairs.diverged_never.astype(bool), pairs.diverged.astype(bool)
    share, low, high = _share(without)
    rates = ", ".join(
        f"{int(group.diverged_never.sum())} of {len(group)} at learning rate "
        f"{readers.figures3(rate)}"
        for rate, group in pairs.groupby("learning_rate")
    )
    return said.judged(
        FAILS if without.sum() <= with_it.sum() else HOLDS if share > 0.5 else PARTLY,
        f"Without clipping {int(without.sum())} of {readers.counted(len(pairs), 'run')} diverged "
        f"({rates}), with a threshold of {readers.figures3(pairs.clip_norm.iloc[0])} "
        f"{int(with_it.sum())} of the same; share without "
        f"{readers.figures3(share)} ({readers.figures3(low)} to {readers.figures3(high)}).",
        **{"value": share, "low": low, "high": high, "n": len(pairs)},
    )


def saves(tables: readers.Tables) -> Claim:
    """Runs that diverged unclipped, run again with clipping: all, some or none come through."""
    said = Claim(
        "With clipping a model does not diverge, even where gradients explode on the way.",
        "d2l 8.5.6",
    )
    pairs = _pairs(tables)
    lost = pairs if pairs.empty else pairs[pairs.diverged_never.astype(bool)]
    if lost.empty:
        return said
    through = ~lost.diverged.astype(bool)
    share, low, high = _share(through)
    groups = ", ".join(
        f"{int((~group.diverged.astype(bool)).sum())} of {len(group)} {variant}"
        for variant, group in lost.groupby("variant")
    )
    return said.judged(
        HOLDS if through.all() else PARTLY if through.any() else FAILS,
        f"Of {readers.counted(len(lost), 'run')} that diverged without clipping, "
        f"{int(through.sum())} came through with a threshold of "
        f"{readers.figures3(lost.clip_norm.iloc[0])} ({groups}); share {readers.figures3(share)} "
        f"({readers.figures3(low)} to {readers.figures3(high)}).",
        **{"value": share, "low": low, "high": high, "n": len(lost)},
    )


def rectified(tables: readers.Tables) -> Claim:
    """Losses that left the finite numbers without clipping, by the unit."""
    said = Claim(
        "A network of ReLU units explodes where one of tanh units, whose states are bounded, does "
        "not.",
        "d2l 8.7.2",
    )
    runs = readers.rows(tables, "divergence")
    runs = runs if runs.empty else runs[np.isinf(runs.clip_norm) & runs.variant.isin(UNITS)]
    keys = [key for key in PAIR if key != "variant"]
    if runs.empty:
        return said
    relu, tanh = (runs[runs.variant == name] for name in UNITS)
    pairs = relu.merge(tanh, on=keys, suffixes=("_relu", "_tanh"))
    if pairs.empty:
        return said
    counts = {name: _true(pairs[f"lost_{name}"]) for name in ("relu", "tanh")}
    worse = {name: pairs[f"diverged_epoch_{name}"].notna() for name in counts}
    norms = {name: pairs[f"max_grad_norm_{name}"].median() for name in counts}
    share, low, high = _share(counts["relu"])
    more, none = counts["relu"].sum() > counts["tanh"].sum(), not counts["tanh"].any()
    return said.judged(
        HOLDS if more and none else PARTLY if more else FAILS,
        f"Without clipping the loss left the finite numbers in {int(counts['relu'].sum())} of "
        f"{readers.counted(len(pairs), 'ReLU run')} and {int(counts['tanh'].sum())} of the tanh "
        f"runs beside them; {int(worse['relu'].sum())} and {int(worse['tanh'].sum())} ended worse "
        f"than guessing; median of the largest gradient norms {readers.figures3(norms['relu'])} "
        f"and {readers.figures3(norms['tanh'])}.",
        **{"value": share, "low": low, "high": high, "n": len(pairs)},
    )


def bounded(tables: readers.Tables) -> Claim:
    """A constant L seen with other seeds, held against the updates of each seed."""
    said = Claim(
        "The loss is Lipschitz continuous: clipped at theta, an update changes it by no more than "
        "L lr theta.",
        "d2l 8.5.5",
    )
    updates = gradient_rows.tried(tables)
    chosen = updates if updates.empty else updates[_at(updates)]
    if chosen.empty or chosen.seed.nunique() < 2:
        return said
    per_length = chosen.change.abs() / chosen.step_norm
    beyond = _beyond_other_seeds(chosen, per_length)
    never = updates[np.isinf(updates.theta)]
    free = (never.change.abs() / never.step_norm).max() if len(never) else math.nan
    share, low, high, runs = _over_runs(chosen, beyond)
    return said.judged(
        HOLDS if not beyond.any() else PARTLY if share <= RARE else FAILS,
        f"The largest change per length seen with other seeds was passed by {int(beyond.sum())} of "
        f"{readers.counted(len(chosen), 'clipped update')} (share {readers.figures3(share)}, "
        f"{readers.figures3(low)} to {readers.figures3(high)} over "
        f"{readers.counted(runs, 'run')}); the "
        f"change per length is {readers.figures3(per_length.median())} in the median, at most "
        f"{readers.figures3(per_length.max())}, and up to {readers.figures3(free)} without "
        "clipping.",
        **{"value": share, "low": low, "high": high, "n": runs},
    )


def milder(tables: readers.Tables) -> Claim:
    """The worst that an update does to its own minibatch, clipped and not, along the same way."""
    said = Claim("Clipping limits how far things can go wrong in one update.", "d2l 8.5.5")
    updates = gradient_rows.tried(tables)
    if updates.empty or not np.isinf(updates.theta).any():
        return said
    keys = [*divergence.KEYS, "epoch", "grad_norm", "loss"]
    pairs = updates[_at(updates)].merge(
        updates[np.isinf(updates.theta)], on=keys, suffixes=("", "_never")
    )
    pairs = pairs[pairs.grad_norm > pairs.theta]
    if pairs.empty:
        return said
    share, low, high, runs = _over_runs(pairs, ~(pairs.change <= 0))
    share_never = float((~(pairs.change_never <= 0)).mean())
    worst = pairs.change.max(), pairs.change_never.fillna(np.inf).max()
    less, fewer = worst[0] < worst[1], share < share_never
    return said.judged(
        HOLDS if less and fewer else PARTLY if less or fewer else FAILS,
        f"Where the norm passed the threshold, the clipped update raised the loss of its own "
        f"minibatch in {readers.figures3(100 * share)} % of cases and by at most "
        f"{readers.figures3(worst[0])} nats, the whole one in "
        f"{readers.figures3(100 * share_never)} % "
        f"and by at most {readers.figures3(worst[1])} ({readers.counted(len(pairs), 'update')} of "
        f"{readers.counted(runs, 'run')}).",
        **{"value": share, "low": low, "high": high, "n": runs},
    )


def slower(tables: readers.Tables) -> Claim:
    """Training perplexity at the smallest threshold over that without clipping, run by run."""
    said = Claim("Clipping limits the speed of progress.", "d2l 8.5.5")
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    finite = runs if runs.empty else runs[np.isfinite(runs.clip_norm)]
    if finite.empty:
        return said
    theta = finite.clip_norm.min()
    least, never = finite[finite.clip_norm == theta], runs[np.isinf(runs.clip_norm)]
    pairs = least.merge(never, on=gradient_rows.PAIR, suffixes=("", "_never"))
    if pairs.empty:
        return said
    ratio = pairs.perplexity / pairs.perplexity_never
    low, middle, high = ratio.quantile([0.05, 0.5, 0.95])
    return said.judged(
        HOLDS if low > 1 else PARTLY if middle > 1 else FAILS,
        f"A threshold of {readers.figures3(theta)} shortens "
        f"{readers.figures3(100 * pairs.clipped_share.median())} % of the updates and ends at "
        f"{readers.figures3(middle)} times the training perplexity without clipping (medians; "
        "5-95 % "
        f"{readers.figures3(low)} to {readers.figures3(high)}; "
        f"{readers.counted(len(pairs), 'pair')}).",
        **{"value": middle, "low": low, "high": high, "n": len(pairs)},
    )


def _pairs(tables: readers.Tables) -> DataFrame:
    """Runs at the threshold to show beside those that differ from them in never clipping alone."""
    runs = readers.rows(tables, "divergence")
    if runs.empty:
        return runs
    runs = readers.ranked(runs, tables).assign(diverged=runs.diverged_epoch.notna())
    finite = runs[np.isfinite(runs.clip_norm)]
    if finite.empty:
        return finite
    clipped = finite[finite.clip_norm == readers.threshold(finite.clip_norm)]
    return clipped.merge(runs[np.isinf(runs.clip_norm)], on=PAIR, suffixes=("", "_never"))


def _at(updates: DataFrame) -> np.ndarray:
    return (updates.theta == readers.threshold(updates.theta)).to_numpy()


def _beyond_other_seeds(chosen: DataFrame, per_length: Series) -> np.ndarray:
    """Whether each update passes the largest value of the other seeds of its kind."""
    same = [key for key in divergence.KEYS if key != "seed"]
    kinds = chosen.groupby(same, sort=False).ngroup()
    beyond = np.zeros(len(chosen), bool)
    for kind in kinds.unique():
        for seed in chosen.seed.unique():
            own = ((kinds == kind) & (chosen.seed == seed)).to_numpy()
            others = per_length[((kinds == kind) & (chosen.seed != seed)).to_numpy()]
            beyond[own] = ~(per_length[own] <= others.max())
    return beyond


def _over_runs(updates: DataFrame, happened: Series) -> tuple[float, float, float, int]:
    """The share of updates, its least and greatest over runs, and how many runs there are."""
    told = updates.assign(happened=np.asarray(happened, bool))
    shares = told.groupby(divergence.KEYS).happened.mean()
    return float(np.mean(happened)), float(shares.min()), float(shares.max()), len(shares)


def _true(column: Series) -> Series:
    return column.astype(str).str.lower() == "true"


def _share(happened: Series) -> tuple[float, float, float]:
    """A share of independent cases and Wilson's 95 % interval."""
    n, p, z = len(happened), float(np.mean(happened)), 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return p, max(0.0, middle - half), min(1.0, middle + half)
