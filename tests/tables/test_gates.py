"""The gates find results that cannot be, and nothing else."""

import math

import pandas as pd
import pytest
from pandas import DataFrame

from rnnbench.tables import columns, gates, gather

NOTHING = {
    name: gather.gather(name, [], [])
    for name in ("runs", "ngram_lm", "zipf", "floor", "predictors")
}
FLOOR = columns.table("floor", [{"corpus": "known", "heldout_floor_perplexity": 2.0}])
EXACT = columns.table(
    "predictors", [{"corpus": "known", "token": "char", "order": 1, "perplexity": 19.0}]
)


def zipf(exponent: float) -> DataFrame:
    key = {"corpus": "known", "token": "word", "order": 1, "text": "whole"}
    return columns.table("zipf", [key | {"estimator": "latent_rank", "exponent": exponent}])


def runs(perplexity: float, leaky: bool) -> DataFrame:
    totals = {"heldout_total_nats": 1000 * math.log(perplexity), "heldout_num_chars": 1000}
    totals |= {"heldout_spelling_nats": 0.0}
    keys = {"corpus": "known", "variant": "gru", "sampler": "random_sampling", "clip_norm": 1.0}
    return columns.table("runs", [keys | {"device": "cpu", "seed": 1, "leaky": leaky} | totals])


def ngrams(heldout: float, train: float = 19.0, train_tokens: float = 1e5) -> DataFrame:
    rows = [("heldout", 3, heldout), ("train", 1, train)]
    return columns.table(
        "ngram_lm",
        (
            {
                **{"corpus": "known", "token": "char", "order": order, "smoothing": "laplace"},
                **{"split": split, "total_nats": 1000 * math.log(perplexity), "num_chars": 1000},
                **{"spelling_nats": 0.0, "perplexity": perplexity, "train_tokens": train_tokens},
            }
            for split, order, perplexity in rows
        ),
    )


def judge(run: DataFrame, lm: DataFrame, exponent: float = 1.0) -> dict[str, str]:
    judged = gates.verdicts(run, lm, zipf(exponent), FLOOR, EXACT)
    return {f"{row.gate} {row.model.split()[0]}": row.verdict for row in judged.itertuples()}


def test_honest_models_pass():
    judged = judge(runs(2.5, leaky=False), ngrams(2.1))
    models = ["floor gru", "floor laplace", "unigram laplace", "exponent latent_rank"]
    assert judged == dict.fromkeys(models, "passed")


@pytest.mark.parametrize(("perplexity", "verdict"), [(1.991, "passed"), (1.989, "failed")])
def test_half_a_percent_below_the_floor_is_the_bound(perplexity, verdict):
    assert judge(runs(perplexity, leaky=False), ngrams(2.1))["floor gru"] == verdict
    assert judge(runs(2.5, leaky=False), ngrams(perplexity))["floor laplace"] == verdict


def test_a_leaky_variant_passes_the_floor_and_that_is_no_failure():
    assert judge(runs(1.2, leaky=True), ngrams(2.1))["floor gru"] == "leaks, as it must"
    assert "not trained enough" in judge(runs(9.0, leaky=True), ngrams(2.1))["floor gru"]


@pytest.mark.parametrize(("train", "verdict"), [(19.09, "passed"), (19.11, "failed")])
def test_the_character_unigram_is_held_against_its_exact_value(train, verdict):
    assert judge(runs(2.5, leaky=False), ngrams(2.1, train))["unigram laplace"] == verdict


def test_of_unigrams_the_one_that_read_most_is_judged():
    few = ngrams(2.1, 19.4, train_tokens=1e3)
    both = pd.concat([few, ngrams(2.1, 19.01)])
    assert judge(runs(2.5, leaky=False), both)["unigram laplace"] == "passed"
    assert judge(runs(2.5, leaky=False), few)["unigram laplace"] == "failed"


@pytest.mark.parametrize(("exponent", "verdict"), [(1.009, "passed"), (0.989, "failed")])
def test_the_exponent_that_is_known_has_to_come_out(exponent, verdict):
    judged = judge(runs(2.5, leaky=False), ngrams(2.1), exponent)
    assert judged["exponent latent_rank"] == verdict


def test_a_failure_names_the_model_the_bound_and_what_was_found():
    judged = gates.verdicts(runs(1.5, leaky=False), ngrams(2.1), zipf(1.0), FLOOR, EXACT)
    with pytest.raises(
        gates.GateError, match=r"gru random_sampling .* at least 1\.9900, found 1\.5"
    ):
        gates.require(judged)


def test_texts_of_unknown_source_are_not_judged():
    asked = runs(1.5, leaky=False), ngrams(1.5), zipf(2.0)
    judged = gates.verdicts(*asked, NOTHING["floor"], NOTHING["predictors"])
    assert judged.empty
    gates.require(judged)


@pytest.mark.parametrize("name", NOTHING)
def test_whichever_table_has_no_row_the_others_are_judged(name):
    asked = [runs(2.5, leaky=False), ngrams(2.1), zipf(1.0), FLOOR, EXACT]
    asked[list(NOTHING).index(name)] = NOTHING[name]
    assert set(gates.verdicts(*asked).verdict) == {"passed"}
