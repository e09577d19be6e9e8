"""Clipping."""

import numpy as np
from pandas import DataFrame, Series

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import divergence, gradient_rows, readers

TABLES = ("divergence", "runs", "lipschitz")

RARE = 0.05  # share of exceptions that a claim about every update may have
PAIR = [name for name in divergence.KEYS if name != "clip_norm"]
UNITS = ("rnn_relu", "rnn")


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (needed, saves, rectified, bounded, milder, slower)
    return [judge(tables) for judge in judges]


def needed(tables: readers.Tables) -> Claim:
    """A part per learning rate: the share of runs that diverge without clipping, against half."""
    said = Claim(
        "Recurrent networks need clipping: without it their training diverges.", "d2l 8.5.5"
    )
    words = "Without clipping {} diverged."
    where = "at learning rate {:g}"
    return _shares(said, _pairs(tables), "diverged_never", "learning_rate", words, where)


def saves(tables: readers.Tables) -> Claim:
    """A part per variant: of runs that diverge unclipped, the share that clipping saves."""
    said = Claim(
        "With clipping a model does not diverge, even where gradients explode on the way.",
        "d2l 8.5.6",
    )
    pairs = _pairs(tables)
    if pairs.empty:
        return said
    lost = pairs[pairs.diverged_never.astype(bool)]
    lost = lost.assign(saved=~lost.diverged.astype(bool))
    words = "Of the runs that diverged without clipping, {} came through with it."
    return _shares(said, lost, "saved", "variant", words, "of {}")


def _shares(said: Claim, pairs: DataFrame, column: str, by: str, words: str, where: str) -> Claim:
    """A part per group of independent runs: whether the share surely is above a half, or below."""
    if pairs.empty:
        return said
    pairs = _comparing.enough(pairs, by)
    found = {name: _comparing.share(rows[column]) for name, rows in pairs.groupby(by)}
    named = readers.english(
        f"{rows[column].sum():.0f} of {len(rows)} {where.format(name)} (95 % "
        f"{found[name][1]:.0%} to {found[name][2]:.0%})"
        for name, rows in pairs.groupby(by)
    )
    return said.judged(
        words.format(named),
        [_judging.decided(low, high, 0.5) for _, low, high in found.values()],
        _judging.sampled(pairs, ended=False),
        *_comparing.share(pairs[column]),
    )


def rectified(tables: readers.Tables) -> Claim:
    """A part per learning rate: the loss surely leaves the finite numbers in more ReLU runs."""
    said = Claim(
        "A network of ReLU units explodes where one of tanh units, whose states are bounded, does "
        "not.",
        "d2l 8.7.2",
    )
    runs = readers.rows(tables, "divergence")
    runs = runs if runs.empty else runs[np.isinf(runs.clip_norm)]
    if runs.empty:
        return said
    runs = runs.assign(lost=_true(runs.lost).astype(float))
    pairs = _comparing.over(runs, "lost", "variant", UNITS, PAIR)
    if pairs.empty:
        return said
    pairs = _comparing.enough(pairs, "learning_rate")
    shares = {
        rate: (_comparing.share(rows.lost), _comparing.share(rows.lost_other))
        for rate, rows in pairs.groupby("learning_rate")
    }
    named = readers.english(
        f"{_comparing.told(*relu)} and {_comparing.told(*tanh)} at learning rate {rate:g}"
        for rate, (relu, tanh) in shares.items()
    )
    norms = pairs.max_grad_norm.median(), pairs.max_grad_norm_other.median()
    return said.judged(
        f"Without clipping the loss left the finite numbers in a share of ReLU and of tanh runs of "
        f"{named}; the largest gradient norms are {readers.figures3(norms[0])} and "
        f"{readers.figures3(norms[1])} (medians).",
        [_judging.higher(relu[1:], tanh[1:]) for relu, tanh in shares.values()],
        _judging.sampled(pairs, ended=False),
        *_comparing.share(pairs.lost),
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
    found = _comparing.compared(
        chosen.assign(value=beyond.astype(float)), RARE, above=False, ratio=False
    )
    return said.compared(
        found,
        f"The share of {readers.counted(len(chosen), 'clipped update')} that passed the largest "
        "change per length seen with other seeds is {}; the change per length is "
        f"{readers.figures3(per_length.median())} in the median, at most "
        f"{readers.figures3(per_length.max())}.",
        ended=False,
    )


def milder(tables: readers.Tables) -> Claim:
    """How much rarer a clipped update harms its own minibatch than the whole one, seed by seed."""
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
    harm, whole = ~(pairs.change <= 0), ~(pairs.change_never <= 0)
    pairs = pairs.assign(value=harm.astype(float) - whole)
    worst = pairs.change.max(), pairs.change_never.fillna(np.inf).max()
    return said.compared(
        _comparing.compared(pairs, 0, above=False, ratio=False),
        f"Where the norm passed the threshold, the clipped update raised the loss of its own "
        f"minibatch in {harm.mean():.0%} of cases, by at most {readers.figures3(worst[0])} nats, "
        f"and the whole one in {whole.mean():.0%}, by at most {readers.figures3(worst[1])}: a "
        "difference of shares of {}.",
        ended=False,
    )


def slower(tables: readers.Tables) -> Claim:
    """How far a run is at the smallest threshold, over without clipping, by variant.

    By the best epoch where runs stop by patience, else by the training perplexity at the end.
    """
    said = Claim("Clipping limits the speed of progress.", "d2l 8.5.5")
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    finite = runs if runs.empty else runs[np.isfinite(runs.clip_norm)]
    if finite.empty:
        return said
    stops = "best_epoch" in runs and runs.best_epoch.notna().any()
    column, what = (
        ("best_epoch", "best epoch") if stops else ("perplexity", "last training perplexity")
    )
    ends = (finite.clip_norm.min(), np.inf)
    pairs = _comparing.over(runs, column, "clip_norm", ends, gradient_rows.PAIR)
    if pairs.empty:
        return said
    return said.compared(
        _comparing.compared(pairs, above=True),
        f"A threshold of {readers.figures3(ends[0])} shortens "
        f"{pairs.clipped_share.median():.0%} of the updates (median), and the {what} is {{}} times "
        "that without clipping.",
        ended=stops,
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


def _true(column: Series) -> Series:
    return column.astype(str).str.lower() == "true"
