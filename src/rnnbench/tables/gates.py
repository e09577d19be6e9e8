"""Gates: what no sound study can violate. Checked in the workflow, which ends where one fails.

``floor``: on a text whose source is known, no model's held-out perplexity per character lies below
the realised floor by more than 0.5 %; a lower one has seen what it was to predict. A leaky variant
is expected to pass the floor once it is trained enough, which shows that the gate finds leaks.
``exponent``: the Zipf exponent of the words of such a text, which is exactly 1, comes out within
0.01 where ranks are taken as unknown (``latent_rank``).
``unigram``: the perplexity of a character unigram model on the text it was trained on is within
0.5 % of the exact one, where it read most: few tokens differ by more from what they are drawn from.
"""

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.errors import UserError
from rnnbench.text import metrics

TOLERANCE = 0.005
EXPONENT, NEAR = 1.0, 0.01
COLUMNS = ["gate", "corpus", "model", "found", "bound", "verdict"]


class GateError(UserError):
    """A result that cannot be: the study is not to be trusted."""


def verdicts(
    runs: DataFrame, ngram_lm: DataFrame, zipf: DataFrame, floor: DataFrame, predictors: DataFrame
) -> DataFrame:
    """Judge every model on a text whose source is known, one row each.

    ``found`` is a perplexity per character, or an exponent.
    """
    parts = [
        *(_runs(runs, floor), _ngrams(ngram_lm, floor)),
        *(_unigrams(ngram_lm, predictors), _exponents(zipf, floor)),
    ]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else DataFrame(columns=COLUMNS)


def require(judged: DataFrame) -> None:
    """Raise GateError naming each row that failed."""
    failed = judged[judged.verdict == "failed"]
    if len(failed):
        lines = [
            f"{row.gate}: {row.model} on {row.corpus}: expected {row.bound}, found {row.found:.4f}"
            for row in failed.itertuples()
        ]
        raise GateError(
            "\n  ".join(["these results cannot be right:", *lines])
            + "\nLook for held-out text in training, or a bug in the model or the count."
        )


def _runs(runs: DataFrame, floor: DataFrame) -> DataFrame:
    table = runs[runs.heldout_total_nats.notna()] if "heldout_total_nats" in runs else runs[:0]
    table = table.merge(floor, on="corpus", suffixes=("", "_floor"))
    names = ["variant", "sampler", "clip_norm", "device", "seed"]
    model = table[names].astype(str).agg(" ".join, axis=1) if len(table) else ""
    nats = metrics.perplexity(
        table.heldout_total_nats + table.heldout_spelling_nats, table.heldout_num_chars
    )
    return _above_floor(table.assign(model=model, found=nats), table.leaky)


def _ngrams(ngram_lm: DataFrame, floor: DataFrame) -> DataFrame:
    table = ngram_lm[ngram_lm.split == "heldout"].merge(floor, on="corpus")
    leaky = pd.Series(False, index=table.index)
    return _above_floor(table.assign(model=_names(table), found=_per_char(table)), leaky)


def _unigrams(ngram_lm: DataFrame, predictors: DataFrame) -> DataFrame:
    kinds = (ngram_lm.split == "train") & (ngram_lm.token == "char") & (ngram_lm.order == 1)
    exact = predictors[(predictors.token == "char") & (predictors.order == 1)]
    most = ngram_lm.groupby(["corpus", "token"]).train_tokens.transform("max")
    table = ngram_lm[kinds & (ngram_lm.train_tokens == most)].merge(
        exact[["corpus", "perplexity"]], on="corpus", suffixes=("", "_exact")
    )
    found, expected = _per_char(table), table.perplexity_exact.to_numpy(float)
    near = np.abs(found / expected - 1) <= TOLERANCE
    return table.assign(
        gate="unigram",
        model=_names(table),
        found=found,
        bound=[f"{value:.4f} to 0.5 %" for value in expected],
        verdict=np.where(near, "passed", "failed"),
    )


def _exponents(zipf: DataFrame, floor: DataFrame) -> DataFrame:
    kinds = (zipf.estimator == "latent_rank") & (zipf.token == "word")
    kinds &= (zipf.order == 1) & (zipf.text == "whole") & zipf.corpus.isin(floor.corpus)
    table = zipf[kinds]
    return table.assign(
        gate="exponent",
        model=table.estimator,
        found=table.exponent,
        bound=f"{EXPONENT} to {NEAR}",
        verdict=np.where(np.abs(table.exponent - EXPONENT) <= NEAR, "passed", "failed"),
    )


def _above_floor(table: DataFrame, leaky: pd.Series) -> DataFrame:
    """Judge against the realised floor; ``leaky`` says who is expected below it, ``(N,)``."""
    least = (1 - TOLERANCE) * table.heldout_floor_perplexity.to_numpy(float)
    below, leaks = table.found.to_numpy(float) < least, leaky.to_numpy(bool)
    honest = np.where(below, "failed", "passed")
    shown = np.where(below, "leaks, as it must", "leaky, not trained enough to show it")
    return table.assign(
        gate="floor",
        bound=[f"at least {value:.4f}" for value in least],
        verdict=np.where(leaks, shown, honest),
    )


def _per_char(table: DataFrame) -> np.ndarray:
    return metrics.perplexity(table.total_nats + table.spelling_nats, table.num_chars)


def _names(table: DataFrame) -> list[str]:
    return [f"{row.smoothing} {row.token} {row.order}" for row in table.itertuples()]
