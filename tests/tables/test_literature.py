"""Laws of the comparison with published results of other texts than the book's."""

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench.base import csv_files, parameters, presets
from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED
from rnnbench.report.claims.literature import claims
from rnnbench.tables import columns, gather, literature
from rnnbench.tables.book.verdicts import INSIDE, NOT_COMPARABLE
from rnnbench.tables.literature import OUTSIDE

FACTS = literature.published()
KNESER_NEY, LSTM = (
    next(fact for fact in FACTS if fact["system"].startswith(name)) for name in ("Kneser", "LSTM")
)
MINGRU = next(fact for fact in FACTS if fact["system"] == "minGRU")


def runs(fact, values=(116.0,), **changed):
    """Runs at the setting of a published number, one per value, with some fields changed."""
    usual = {"machine": "box", "device": "cpu", "engine": "own", "status": "converged"}
    usual |= {"variant": "gru", "sampler": "random_sampling", "clip_norm": 1.0, "leaky": False}
    usual |= {"perplexity": 38.0, "heldout_perplexity": 99.0, "last_heldout_perplexity": 99.0}
    rows = [
        usual | fact["text"] | fact["setting"] | {"seed": seed, fact["metric"]: value}
        for seed, value in enumerate(values)
    ]
    return DataFrame([row | changed for row in rows])


def ngrams(perplexity, **changed):
    fact = KNESER_NEY["text"] | KNESER_NEY["setting"] | {"split": "heldout", "same_text": True}
    return DataFrame([fact | {"perplexity": perplexity} | changed])


def curves(of):
    rows = of[columns.RUN].assign(epoch=13, validation_perplexity=121.0)
    return concat([rows.assign(epoch=1, validation_perplexity=900.0), rows])


def table(of=None, models=None):
    of, models = (
        columns.table(name) if given is None else given
        for name, given in (("runs", of), ("ngram_lm", models))
    )
    return literature.table(of, curves(of), models)


def row(fact, of=None, models=None):
    """The row of one fact in the table of these results."""
    found = table(of, models)
    named = found[(found.system == fact["system"]) & (found.source == fact["source"])]
    return named[named.metric == fact["metric"]].iloc[0]


# The facts


def test_every_fact_has_a_source_a_unit_and_columns_of_the_table_that_ours_stand_in():
    known = {"runs": {f for f in parameters.RunConfig.__dataclass_fields__}}
    known["ngram_lm"] = set(columns.COLUMNS["ngram_lm"])
    metrics = {*columns.COLUMNS["runs"], "last_validation_perplexity"}
    for fact in FACTS:
        assert {*fact["text"], *fact["setting"]} <= known[fact["table"]]
        assert {"corpus", "token", "train_tokens"} <= {*fact["text"]}
        assert fact["metric"] in metrics and fact["unit"] in literature.UNITS
        assert fact["source"] and fact["value"] > fact["tolerance"] > 0
        assert fact["setting"] or fact["hindrance"]
        assert fact["setting"].get("variant", "gru") in presets.table()


# The verdicts


def test_a_study_without_runs_has_no_row(tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("runs", "curves", "ngram_lm")]
    for path in paths:
        csv_files.write(path, columns.table(path.stem))
    assert gather.gather("literature", paths, []).empty


def test_a_study_without_their_texts_has_no_row_and_no_claim():
    for other in (None, runs(LSTM, corpus="time_machine"), runs(LSTM, token="byte")):
        found = table(other)
        assert found.empty and list(found.columns) == columns.COLUMNS["literature"]
        assert claims({"literature": found}) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [((116.0,), INSIDE), ((113.7, 118.2, 130.0), INSIDE), ((130.0,), OUTSIDE), ((90.0,), OUTSIDE)],
)
def test_runs_at_the_published_setting_are_inside_if_their_median_is_near_enough(values, expected):
    found = row(LSTM, runs(LSTM, values))
    assert (found.verdict, found.n, found.device) == (expected, len(values), "cpu")


def test_the_validation_perplexity_that_is_compared_is_that_of_the_last_epoch():
    fact = next(fact for fact in FACTS if fact["metric"] == "last_validation_perplexity")
    found = row(fact, runs(LSTM))
    assert (found.own, found.verdict) == ("121.00", INSIDE)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("train_tokens", 10_000, "train_tokens 10000, not inf"),
        ("sampler", "sequential_partition", "sampler sequential_partition, not sequential_fixed"),
        ("num_epochs", 14, "num_epochs 14, not 13"),
        ("dropout", 0.5, "dropout 0.5, not 0"),
    ],
)
def test_runs_on_another_part_or_at_another_setting_are_not_judged_and_what_differs_is_told(
    field, value, reason
):
    found = row(LSTM, runs(LSTM, **{field: value}))
    assert (found.verdict, found.reason) == (NOT_COMPARABLE, reason)
    assert found.n == (0 if field == "train_tokens" else 1)


def test_a_model_that_none_of_ours_can_be_is_told_what_our_best_has_on_the_same_part():
    nats = [1.52, 1.50, 1.51]
    good = runs(MINGRU, np.exp(nats), variant="gru")
    found = row(MINGRU, concat([good, runs(MINGRU, np.exp([1.6]), variant="lstm")]))
    assert (found.verdict, found.reason) == (NOT_COMPARABLE, MINGRU["hindrance"])
    assert (found.best, found.own, found.n) == ("gru", "1.500, 1.510, 1.520", 3)
    lost = concat([good.assign(variant="rnn", heldout_perplexity=np.nan), good])
    leaky = runs(MINGRU, [1.1], variant="lstm_bidirectional", leaky=True)
    assert row(MINGRU, concat([lost, leaky])).best == "gru"
    halved = row(MINGRU, runs(MINGRU, np.exp(nats), validation_share=0.05))
    assert (halved.reason, halved.n) == ("validation_share 0.05, not 0", 0)


def test_n_gram_models_are_held_against_theirs_and_gathered_from_the_tables_of_the_study(tmp_path):
    parts = {"runs": runs(LSTM), "curves": curves(runs(LSTM)), "ngram_lm": ngrams(148.38)}
    for name, of in parts.items():
        csv_files.write(tmp_path / f"{name}.csv", of)
    found = gather.gather("literature", [tmp_path / f"{name}.csv" for name in parts], [])
    assert list(found.columns) == columns.COLUMNS["literature"]
    counted = found[found.system == KNESER_NEY["system"]].iloc[0]
    assert (counted.own, counted.verdict, counted.n) == ("148.38", INSIDE, 1)
    assert row(KNESER_NEY, models=ngrams(148.38, vocab_size=9_000)).verdict == NOT_COMPARABLE


# The claims


@pytest.mark.parametrize(
    ("value", "n", "verdict"),
    [(116, 3, HOLDS), (130, 3, FAILS), (116, 1, NOT_SETTLED), (130, 2, NOT_SETTLED)],
)
def test_a_claim_of_a_trained_model_needs_three_seeds(value, n, verdict):
    claim = claims({"literature": table(runs(LSTM, [value] * n))})[0]
    assert (claim.verdict, claim.n) == (verdict, n)
    assert f"(n = {n})" in claim.measured


def test_counts_need_no_seeds_and_what_is_not_comparable_says_why():
    (held, *_) = claims({"literature": table(models=ngrams(148.38))})
    assert (held.verdict, held.measured) == (
        HOLDS,
        "At the same setting 148.38, inside ±0.5 (n = 1).",
    )
    told = {
        c.claim.partition(":")[0]: c for c in claims({"literature": table(runs(MINGRU, [4.5]))})
    }
    assert told["minGRU"].verdict == NOT_MEASURED
    assert told["minGRU"].measured == (
        f"Not comparable: {MINGRU['hindrance']}; gru has 1.504 on the same part, n = 1."
    )
