"""Laws of the claims about the text, the models and their writing: every verdict can be had."""

import numpy as np
import pytest
from pandas import DataFrame

from rnnbench.base.plugins import names
from rnnbench.report.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    PARTLY,
    generation,
    models,
    ngrams,
    text,
)

WORDS = {"corpus": "here", "token": "word"}


def fits(exponents, estimator="latent_rank", reach=0.02, **columns):
    """Exponents of orders 1, 2, ... with intervals of ``reach`` to either side."""
    table = DataFrame({"exponent": exponents, **columns}).assign(**WORDS, text="whole")
    table = table.assign(order=range(1, len(table) + 1), estimator=estimator, n_types=900)
    return table.assign(low=table.exponent - reach, high=table.exponent + reach)


def zipf_table(p, xmin=3, exponents=(1.0, 0.8, 0.6)):
    law = fits(exponents, "tail_mle", p=p, xmin=xmin)
    return {"zipf": DataFrame([*law.to_dict("records"), *fits(exponents).to_dict("records")])}


def verdict(judge, tables):
    claim = judge(tables)
    assert claim.verdict == NOT_MEASURED or claim.n > 0
    return claim.verdict


@pytest.mark.parametrize(
    ("p", "xmin", "expected"),
    [(0.8, 3, HOLDS), (0.8, 60, PARTLY), (0.02, 3, FAILS), (np.nan, 3, NOT_MEASURED)],
)
def test_zipfs_law_holds_where_a_power_law_of_nearly_all_counts_is_plausible(p, xmin, expected):
    assert verdict(text.zipf, zipf_table([p, 0.5, 0.5], xmin)) == expected


@pytest.mark.parametrize(
    ("exponent", "expected"), [(1.01, HOLDS), (1.1, HOLDS), (0.81, NOT_SETTLED), (1.4, FAILS)]
)
def test_the_second_word_is_half_as_frequent_if_the_exponent_may_be_1(exponent, expected):
    assert verdict(text.half_as_frequent, {"zipf": fits([exponent, 0.8])}) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [([0.9, 0.5, 0.5], HOLDS), ([0.9, 0.5, 0.0], PARTLY), ([0.9, 0.0, 0.0], FAILS)],
)
def test_sequences_follow_zipfs_law_if_it_is_plausible_at_every_order_above_1(p, expected):
    assert verdict(text.zipf_of_sequences, zipf_table(p)) == expected


@pytest.mark.parametrize(
    ("exponents", "expected"),
    [
        ([1.0, 0.8, 0.6], HOLDS),
        ([1.0, 0.99, 0.6], NOT_SETTLED),
        ([1.0, 0.8, 0.9], PARTLY),
        ([0.8, 0.9, 1.0], FAILS),
    ],
)
def test_exponents_differ_if_their_intervals_stand_apart(exponents, expected):
    assert verdict(text.exponents_differ, {"zipf": fits(exponents)}) == expected


@pytest.mark.parametrize(
    ("hapax", "expected"), [([60, 90], HOLDS), ([40, 90], PARTLY), ([10, 20], FAILS)]
)
def test_ngrams_are_rare_if_most_occur_once(hapax, expected):
    table = DataFrame({"order": [1, 2, 3], "distinct": 100, "tokens": 200, "hapax": [0, *hapax]})
    assert verdict(ngrams.rare_sequences, {"ngrams": table.assign(**WORDS)}) == expected


def lm(token, laplace, kneser_ney):
    """Held-out perplexities of two orders; the first is the better one."""
    for smoothing, perplexity in (("laplace", laplace), ("kneser_ney", kneser_ney)):
        for order, worse in ((1, 1), (2, 1.5)):
            yield {"corpus": "here", "token": token, "order": order, "smoothing": smoothing} | {
                **{
                    "split": "heldout",
                    "perplexity": perplexity * worse,
                    "scored_tokens": 10,
                    "train_tokens": 9e3,
                    "same_text": True,
                },
                **{"bits_per_char": np.log2(perplexity * worse)},
            }


@pytest.mark.parametrize(
    ("words", "chars", "expected"), [(120, 5, HOLDS), (104, 5, PARTLY), (104, 3.9, FAILS)]
)
def test_laplace_is_unsuitable_if_it_is_a_tenth_more_perplexed(words, chars, expected):
    table = DataFrame([*lm("word", words, 100), *lm("char", chars, 4)])
    assert verdict(ngrams.laplace, {"ngram_lm": table}) == expected


def runs(heldout, **columns):
    table = DataFrame({"heldout_perplexity": heldout, "variant": "gru", "corpus": "here"})
    table = table.assign(leaky=False, status="converged", **columns)
    return table.assign(heldout_bits_per_char=np.log2(table.heldout_perplexity))


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([28.1, 28.2, 28.1], HOLDS),
        ([28.1, 28.3, 32.0], NOT_SETTLED),
        ([31.0, 31.2, 31.1], FAILS),
        ([28.1, 28.2, 28.1, 31.0, 31.2, 31.1], PARTLY),
    ],
)
def test_a_first_perplexity_is_that_of_guessing_if_it_is_the_size_of_the_vocabulary(
    first, expected
):
    table = DataFrame({"initial_perplexity": first, "vocab_size": 28})
    table = table.assign(seed=[1, 2, 3] * (len(first) // 3), variant=["gru", "lstm"][0])
    table.loc[3:, "variant"] = "lstm"
    assert verdict(models.uniform_at_first, {"runs": table}) == expected


@pytest.mark.parametrize(
    ("rnn", "gru", "expected"),
    [(3, 3, HOLDS), (3, 9, PARTLY), (9, 9, FAILS), (3.9, 4.1, NOT_SETTLED)],
)
def test_recurrent_models_beat_ngrams_of_the_same_text_if_their_intervals_do(rnn, gru, expected):
    values = [x * (1 + y) for x in (rnn, gru) for y in (-0.01, 0, 0.02)]
    table = runs(values, seed=[1, 2, 3] * 2).assign(variant=["rnn"] * 3 + ["gru"] * 3)
    tables = {"runs": table, "ngram_lm": DataFrame(lm("char", 5, 4))}
    assert verdict(models.beyond_ngrams, tables) == expected
    other = tables["ngram_lm"].assign(same_text=False)
    assert verdict(models.beyond_ngrams, tables | {"ngram_lm": other}) == NOT_SETTLED
    for share, said in ((0.0, True), (0.1, False)):
        tables["runs"] = table.assign(validation_share=share)
        told = models.beyond_ngrams(tables).measured
        assert ("runs, at the epoch that this text chose, minus" in told) == said


@pytest.mark.parametrize(
    ("blind", "expected"),
    [([1.2, 1.3, 1.2], HOLDS), ([1.2, 7.0, 9.0], NOT_SETTLED), ([7.0, 8.0, 7.5], FAILS)],
)
def test_a_model_that_sees_the_future_has_a_perplexity_below_all_others(blind, expected):
    table = runs([6.0, 5.9, 6.1, *blind]).assign(leaky=[False] * 3 + [True] * 3)
    table = table.assign(seed=[1, 2, 3] * 2)
    table.loc[table.leaky, "variant"] = "lstm_bidirectional"
    assert verdict(models.leaky_perplexity, {"runs": table}) == expected


KEY = {"machine": "m", "corpus": "here", "sampler": "s", "clip_norm": 1.0, "device": "cpu"}
GOOD = {"judge_bits_per_char": 3.0, "own_bits_per_char": 2.0, "known_word_share": 0.8}
GOOD |= {"loop_share": 0.0, "copied_share": 0.0, "distinct_chars_3_share": 0.8}


def texts(decoder, stage="trained", variant="gru", **scores):
    """Four texts of each of three runs; a score may be a number, or one per text of a run."""
    settings = {name: np.nan for name in ("alpha", "k", "width")}
    rows = DataFrame({"prefix": ["time", "traveller"] * 6, "seed": [1] * 4 + [2] * 4 + [3] * 4})
    scores = {k: np.resize(v, 12) for k, v in (GOOD | scores).items() if k not in settings}
    given = {k: v for k, v in {**settings, **KEY}.items()}
    rows = rows.assign(**given, **scores, variant=variant, decoder=decoder, stage=stage)
    return rows.assign(leaky="bi" in variant)


def table(*parts, **columns):
    found = DataFrame([row for part in parts for row in part.to_dict("records")])
    return {"generation": found.assign(**columns)}


@pytest.mark.parametrize(("more", "expected"), [(5.0, HOLDS), (3.0, NOT_SETTLED), (1.9, FAILS)])
def test_a_model_that_sees_the_future_cannot_write_if_real_text_perplexes_it(more, expected):
    real = texts("real text")
    blind = texts("real text", variant="lstm_bidirectional", own_bits_per_char=more)
    assert verdict(models.leaky_writing, table(real, blind)) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [([0.7, 0.8], HOLDS), ([0.2, 0.3], PARTLY), ([0.01, 0.02], FAILS)],
)
def test_text_is_readable_if_it_has_half_the_words_of_real_text(share, expected):
    before = texts("sampling", "untrained", known_word_share=[0.05, 0.06]).assign(alpha=1.0)
    after = texts("sampling", known_word_share=share).assign(alpha=1.0)
    tables = table(before, after, texts("real text", known_word_share=0.9))
    assert verdict(generation.readable, tables) == expected


@pytest.mark.parametrize(("loops", "expected"), [(0.0, HOLDS), (0.05, NOT_SETTLED), (0.9, FAILS)])
def test_greedy_text_will_not_do_if_most_of_it_is_loops(loops, expected):
    tables = table(texts("greedy", loop_share=loops), texts("real text"))
    assert verdict(generation.greedy, tables) == expected


@pytest.mark.parametrize(
    ("greedy", "beam", "expected"), [(0.01, 0, HOLDS), (0.3, 0, PARTLY), (0.9, 0.8, FAILS)]
)
def test_text_is_a_models_own_if_no_decoder_copies(greedy, beam, expected):
    beams = texts("beam", copied_share=beam).assign(width=4.0)
    tables = table(texts("greedy", copied_share=greedy), beams)
    assert verdict(generation.new_text, tables) == expected
    assert "greedy" in generation.new_text(tables).measured


@pytest.mark.parametrize(("perplexity", "expected"), [(1.03, PARTLY), (1.6, HOLDS)])
def test_a_run_of_the_books_sizes_that_knows_its_text_copies_it(perplexity, expected):
    book = runs([100.0] * 3).assign(perplexity=perplexity, trial="book", seed=[1, 2, 3])
    tables = table(texts("greedy")) | {"trials": book}
    assert verdict(generation.new_text, tables) == expected


@pytest.mark.parametrize(
    ("bits", "distinct", "expected"),
    [
        ([6, 4, 3], [0.9, 0.7, 0.3], HOLDS),
        ([6, 4, 3], [0.3, 0.7, 0.9], PARTLY),
        ([3, 4, 6], [0.3, 0.7, 0.9], FAILS),
    ],
)
def test_temperature_trades_if_both_scores_fall_with_alpha(bits, distinct, expected):
    drawn = [
        texts("sampling", judge_bits_per_char=b, distinct_chars_3_share=d).assign(alpha=float(a))
        for a, b, d in zip((0, 1, 4), bits, distinct, strict=True)
    ]
    claim = generation.temperature(table(*drawn))
    assert claim.verdict == expected
    assert claim.value == pytest.approx(bits[-1] - bits[0])


@pytest.mark.parametrize(
    ("own", "expected"),
    [([2.0, 1.5], HOLDS), ([2.0, 2.0], NOT_SETTLED), ([2.1, 2.0], FAILS)],
)
def test_a_beam_finds_more_probable_text_if_it_surely_takes_fewer_bits(own, expected):
    tables = table(texts("greedy"), texts("beam", own_bits_per_char=own).assign(width=4.0))
    tables["generation"] = tables["generation"].drop_duplicates(["seed", "prefix", "decoder"])
    assert verdict(generation.beam, tables) == expected


@pytest.mark.parametrize(
    ("bits", "expected"),
    [([2.5, 2.4], HOLDS), ([3.0, 3.0], NOT_SETTLED), ([3.1, 3.2], FAILS)],
)
def test_a_beam_is_better_text_if_the_judge_surely_needs_less(bits, expected):
    tables = table(texts("greedy"), texts("beam", judge_bits_per_char=bits).assign(width=4.0))
    tables["generation"] = tables["generation"].drop_duplicates(["seed", "prefix", "decoder"])
    assert verdict(generation.better_by_beam, tables) == expected


def test_texts_of_diverged_runs_are_no_evidence():
    tables = table(texts("greedy", loop_share=0.9))
    dead = DataFrame(
        [KEY | {"variant": "gru", "seed": seed, "status": "diverged"} for seed in (1, 2, 3)]
    )
    assert generation.greedy(tables | {"runs": dead}).verdict == NOT_MEASURED


def test_the_topics_are_there():
    assert {"text", "ngrams", "models", "generation"} <= set(names("claims"))
