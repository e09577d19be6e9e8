"""Laws of the claims about settings: each verdict from tables made for it."""

import math

import pytest
from pandas import DataFrame, concat

from rnnbench.report.claims import FAILS, HOLDS, NOT_MEASURED, NOT_SETTLED, PARTLY, settings

RUN = {"machine": "box", "corpus": "c", "device": "cpu", "clip_norm": 1.0, "leaky": False}
RUN |= {"status": "converged", "num_epochs": 4, "heldout_oov_share": 0.1}


def trials(*rows: dict) -> dict[str, DataFrame]:
    """These rows for each of three seeds, a hair apart, unless they have a seed of their own."""
    table = DataFrame([{"seed": seed} | RUN | row for row in rows for seed in (1, 2, 3)])
    for column in {"heldout_perplexity", "heldout_bits_per_char"} & set(table):
        table[column] = table[column] * (1 + 0.001 * table.seed * (table.variant.str.len() % 2))
    return {"trials": table.drop_duplicates()}


def rates(**perplexities: tuple) -> dict[str, DataFrame]:
    """Held-out perplexities at the rates 0.1, 1 and 10, by variant; inf: diverged."""
    return trials(
        *(
            {"trial": "learning_rate", "variant": variant, "learning_rate": rate}
            | {"heldout_perplexity": value, "perplexity": value}
            | {"status": "diverged" if math.isinf(value) else "converged"}
            for variant, values in perplexities.items()
            for rate, value in zip((0.1, 1.0, 10.0), values, strict=True)
        )
    )


@pytest.mark.parametrize(
    ("gru", "lstm", "verdict"),
    [
        ((9, 5, 5.1), (9, 6, 7), HOLDS),
        ((9, 5, 8), (9, 6, 4), PARTLY),
        ((4, 5, 9), (9, 6, 5), FAILS),
    ],
)
def test_the_rate_of_the_book_suits_if_no_other_is_much_better(gru, lstm, verdict):
    claim = settings.book_rate(rates(gru=gru, lstm=lstm))
    assert (claim.verdict, claim.n) == (verdict, 3)


@pytest.mark.parametrize(
    ("gru", "lstm", "verdict"),
    [(math.inf, math.inf, HOLDS), (math.inf, 5, PARTLY), (5, 5, FAILS)],
)
def test_too_large_a_rate_is_one_at_which_surely_most_diverge(gru, lstm, verdict):
    few = rates(gru=(9, 5, gru), lstm=(9, 5, lstm))
    assert settings.divergence(few).verdict == NOT_SETTLED
    runs = few["trials"]
    twice = {"trials": concat([runs, runs.assign(seed=runs.seed + 3)])}
    assert settings.divergence(twice).verdict == verdict


def test_one_rate_is_no_comparison():
    tables = rates(gru=(9, 5, 7))
    tables["trials"] = tables["trials"][tables["trials"].learning_rate == 1]
    assert settings.book_rate(tables).verdict == NOT_MEASURED
    assert settings.divergence(tables).verdict == NOT_MEASURED


@pytest.mark.parametrize(
    ("unseen", "verdict"), [((12, 9, 7), HOLDS), ((12, 6, 12), NOT_SETTLED), ((7, 9, 12), FAILS)]
)
def test_more_text_helps_if_each_longer_one_does(unseen, verdict):
    lengths = [("text_length", 2e3), ("text_length", 1e4), ("text_whole", math.inf)]
    rows = (
        {"trial": trial, "variant": "gru", "train_tokens": length}
        | {"heldout_perplexity": value, "perplexity": 5.0}
        for (trial, length), value in zip(lengths, unseen, strict=True)
    )
    assert settings.more_text(trials(*rows)).verdict == verdict


def model(trial: str, variant: str, bits: float, seed: int = 1) -> dict:
    sizes = {"heldout_bits_per_char": bits, "heldout_perplexity": 2**bits}
    sizes |= {"num_parameters": 100, "train_seconds": 2.0, "seed": seed}
    sizes["token"] = "word" if trial == "words" else "char"
    return {"trial": trial, "variant": variant} | sizes


against_three = pytest.mark.parametrize(
    ("bits", "verdict"),
    [
        ((2, 2.2, 2.1), HOLDS),
        ((2, 4, 3), NOT_SETTLED),
        ((4, 4.2, 3.9), FAILS),
        ((2, 2.2), NOT_SETTLED),
        ((), NOT_MEASURED),
    ],
)


@against_three
def test_words_are_better_if_they_take_fewer_bits_for_every_seed(bits, verdict):
    words = [model("words", "gru", b, seed) for seed, b in enumerate(bits)]
    chars = [model("text_whole", "gru", 3, seed) for seed in (0, 1, 2)]
    assert settings.words(trials(*words, *chars)).verdict == verdict


def test_words_are_held_against_no_words():
    words = [model("words", "gru", 2)]
    also = [model("text_whole", "gru", 3) | {"token": "word"}]
    assert settings.words(trials(*words, *also)).verdict == NOT_MEASURED


@against_three
def test_embeddings_are_better_if_they_take_fewer_bits_than_one_hot_vectors(bits, verdict):
    embedded = [model("words", "gru_embedding", b, seed) for seed, b in enumerate(bits)]
    one_hot = [model("words", "gru", 3, seed) for seed in (0, 1, 2)]
    assert settings.embeddings(trials(*embedded, *one_hot)).verdict == verdict
