"""Clipping."""

import numpy as np
from pandas import DataFrame, Series

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import divergence, readers, trials

TABLES = ("divergence", "runs", "trials")

PAIR = [name for name in divergence.KEYS if name != "clip_norm"]
UNITS = ("rnn_relu", "rnn")


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (needed, saves, rectified, slower)
    return [judge(tables) for judge in judges]


def needed(tables: readers.Tables) -> Claim:
    """A part per variant and learning rate: more than half of the unclipped runs diverge."""
    said = Claim(
        "Recurrent networks need clipping: without it their training diverges.", "d2l 8.5.5"
    )
    pairs = _pairs(tables)
    if len(pairs):
        where = pairs.variant + " at learning rate " + pairs.learning_rate.map("{:g}".format)
        pairs = pairs.assign(where=where)
    return said.shares(pairs, "diverged_never", "where", "Without clipping, {} diverged.")


def saves(tables: readers.Tables) -> Claim:
    """A part per variant: of the runs that diverge unclipped, the share that clipping saves."""
    said = Claim(
        "With clipping, a model does not diverge even if gradients explode along the way.",
        "d2l 8.5.6",
    )
    pairs = _pairs(tables)
    if pairs.empty:
        return said
    lost = pairs[pairs.diverged_never.astype(bool)]
    lost = lost.assign(saved=~lost.diverged.astype(bool))
    words = "Of the runs that diverged without clipping, {} did not diverge with it."
    return said.shares(lost, "saved", "variant", words)


def rectified(tables: readers.Tables) -> Claim:
    """A part per learning rate: the loss becomes infinite or NaN in more ReLU than tanh runs."""
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
        f"Without clipping, the shares of ReLU and of tanh runs whose loss became infinite or NaN "
        f"are {named}; the largest gradient norms are {readers.figures3(norms[0])} and "
        f"{readers.figures3(norms[1])} (medians).",
        [_judging.higher(relu[1:], tanh[1:]) for relu, tanh in shares.values()],
        _judging.sampled(pairs, ended=False),
        *_comparing.share(pairs.lost),
    )


def slower(tables: readers.Tables) -> Claim:
    """The best epoch at the smallest threshold divided by that without clipping, by variant.

    At the trial's lowest learning rate, where runs reach a best epoch without clipping, too.
    """
    said = Claim("Clipping limits the speed of progress.", "d2l 8.5.5")
    runs = trials.alike(readers.finished(trials.of(tables, "clipping")))
    if runs.empty or np.isinf(runs.clip_norm).all():
        return said
    runs = runs[(runs.learning_rate == runs.learning_rate.min()) & runs.best_epoch.notna()]
    ends = runs.clip_norm.min(), np.inf
    same = [name for name in readers.RUN if name != "clip_norm"]
    pairs = _comparing.over(runs, "best_epoch", "clip_norm", ends, same)
    if pairs.empty:
        return said
    return said.compared(
        _comparing.compared(pairs, above=True),
        f"A threshold of {readers.figures3(ends[0])} clips "
        f"{pairs.clipped_share.median():.0%} of the updates (median), and the best epoch is {{}} "
        "times that without clipping.",
    )


def _pairs(tables: readers.Tables) -> DataFrame:
    """Runs at the threshold to show, each paired with the same run without clipping."""
    runs = readers.rows(tables, "divergence")
    if runs.empty:
        return runs
    runs = readers.ranked(runs, tables).assign(diverged=runs.diverged_epoch.notna())
    finite = runs[np.isfinite(runs.clip_norm)]
    if finite.empty:
        return finite
    clipped = finite[finite.clip_norm == readers.threshold(finite.clip_norm)]
    return clipped.merge(runs[np.isinf(runs.clip_norm)], on=PAIR, suffixes=("", "_never"))


def _true(column: Series) -> Series:
    return column.astype(str).str.lower() == "true"
