"""Laws of the n-gram language models: sums are 1, formulas are the books', rules are as stated."""

import math
from collections import Counter, defaultdict
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base import csv_files
from rnnbench.base.plugins import load, names
from rnnbench.tables import gather
from rnnbench.text import metrics
from rnnbench.text.closed import ClosedText
from rnnbench.text.form import Form
from rnnbench.text.ngrams import models as ngram_lm
from rnnbench.text.ngrams.context_tree import Tree
from rnnbench.text.ngrams.smoothings import kneser_ney, laplace
from rnnbench.text.spelling import NATS_PER_LETTER, Spelling
from rnnbench.text.vocab import UNKNOWN

TEXTS = st.text("abc", min_size=8, max_size=80)
ORDERS = st.integers(1, 5)
SETTINGS = {"epsilons": "auto"}
every_smoothing = pytest.mark.parametrize("smoothing", names("smoothings"))


def closed(tokens, heldout_share=0.1, train_tokens=math.inf, min_freq=0):
    spelled = list(dict.fromkeys(tokens))
    number = {one: i for i, one in enumerate(spelled)}
    numbers = np.array([number[one] for one in tokens], np.int64)
    return ClosedText(numbers, spelled, heldout_share, train_tokens, min_freq)


def trained(smoothing: str, text: ClosedText, order: int):
    module = load("smoothings", smoothing)
    return module.models(text, [order], **{key: SETTINGS[key] for key in module.SETTINGS})[order]


def all_after(context: list[int], vocab_size: int) -> np.ndarray:
    return np.array([[*context, last] for last in range(vocab_size)])


def spell(text: ClosedText, token: str = "word") -> Spelling:
    return Spelling.of(text.numbers, text.spelled, token, Form(), [])


def score(
    smoothing: str,
    text: ClosedText,
    orders: list[int],
    spelling: Spelling | None = None,
    **settings,
) -> dict:
    asked = (spelling or spell(text), smoothing, orders, {text.train.stop: True})
    rows = ngram_lm.rows(text, *asked, **(SETTINGS | settings))
    return {(row["order"], row["split"]): row for row in rows}


def perplexity(row: dict) -> float:
    return float(metrics.perplexity(row["total_nats"], row["scored_tokens"]))


# Probabilities


@every_smoothing
@given(text=TEXTS, order=ORDERS, data=st.data())
def test_probabilities_sum_to_one_after_any_context_seen_or_not(smoothing, text, order, data):
    text = closed(text)
    size = len(text.vocab)
    model = trained(smoothing, text, order)
    tokens = st.integers(0, size - 1)
    context = data.draw(st.lists(tokens, min_size=order - 1, max_size=order - 1))
    chances = model.probability(all_after(context, size))
    assert chances.sum() == pytest.approx(1, abs=1e-12)
    assert (chances > 0).all()


@every_smoothing
@pytest.mark.parametrize("order", [1, 3])
def test_probabilities_of_real_words_sum_to_one(smoothing, order, time_machine):
    text = closed(time_machine.tokens("word"), min_freq=2)
    model, size = trained(smoothing, text, order), len(text.vocab)
    for at in (50, 20_000, len(text.ids) - 1):  # the last two: training and held-out contexts
        context = text.ids[at - order + 1 : at].tolist()
        chances = model.probability(all_after(context, size))
        assert chances.sum() == pytest.approx(1, abs=1e-10)
        assert chances.min() > 0


def laplace_by_hand(ids: list[int], m: int, gram: tuple, epsilons: list[float]) -> float:
    """The book's formulas, word for word; contexts are counted where a token follows."""
    order = len(gram)
    n = Counter(tuple(ids[i : i + k]) for k in (1, order) for i in range(len(ids) - k + 1))
    before = Counter(tuple(ids[i : i + order - 1]) for i in range(len(ids) - order + 1))
    n_x = sum(ids[i] == gram[-1] for i in range(len(ids)))
    unigram = (n_x + epsilons[0] / m) / (len(ids) + epsilons[0])
    if order == 1:
        return unigram
    e = epsilons[order - 1]
    return (n[gram] + e * unigram) / (before[gram[:-1]] + e)


@given(text=TEXTS, order=ORDERS, data=st.data())
def test_laplace_is_the_books_formula(text, order, data):
    text = closed(text)
    m = len(text.vocab)
    epsilons = data.draw(st.lists(st.floats(0.01, 100), min_size=5, max_size=5))
    grams = data.draw(
        st.lists(st.tuples(*[st.integers(0, m - 1)] * order), min_size=1, max_size=10)
    )
    ids = text.ids[text.train].tolist()
    found = laplace.models(text, [order], epsilons)[order].probability(np.array(grams))
    expected = [laplace_by_hand(ids, m, gram, epsilons) for gram in grams]
    assert found == pytest.approx(expected, rel=1e-12)


def test_laplace_on_a_case_done_by_hand():
    text = closed("abaab", heldout_share=0)  # with <unk>, m = 3; a is followed three times
    a, b = text.vocab.encode("ab").tolist()
    models = laplace.models(text, [1, 2, 3], [3.0, 2.0, 1.0])
    p_b = (2 + 3 / 3) / (5 + 3)
    assert models[1].probability(np.array([[b]])) == pytest.approx(p_b)
    assert models[2].probability(np.array([[a, b]])) == pytest.approx((2 + 2 * p_b) / (3 + 2))
    assert models[3].probability(np.array([[a, a, b]])) == pytest.approx((1 + p_b) / (1 + 1))
    assert models[3].probability(np.array([[b, b, b]])) == pytest.approx(p_b)


def kneser_ney_by_hand(ids: list[int], size: int, gram: tuple, discounts: list, order: int):
    """Chen & Goodman's recursion with dictionaries; ``order`` is the highest of the model."""
    if not gram:
        return 1 / size
    k = len(gram)
    seen = [tuple(ids[i : i + k]) for i in range(len(ids) - k + 1)]
    counts = Counter(seen)
    if k < order:
        longer = {tuple(ids[i : i + k + 1]) for i in range(len(ids) - k)}
        counts = Counter(g[1:] for g in longer)
    after = {g: n for g, n in counts.items() if g[:-1] == gram[:-1]}
    lower = kneser_ney_by_hand(ids, size, gram[1:], discounts, order)
    if not after:
        return lower

    def discount(n: int) -> float:
        return discounts[k - 1][min(n, 3) - 1]

    total = sum(after.values())
    freed = sum(discount(n) for n in after.values())
    kept = counts[gram] - discount(counts[gram]) if gram in after else 0
    return kept / total + freed / total * lower


@given(text=TEXTS, order=ORDERS, data=st.data())
def test_kneser_ney_is_the_recursion_of_chen_and_goodman(text, order, data):
    text = closed(text)
    size = len(text.vocab)
    tokens = [st.integers(0, size - 1)] * order
    grams = data.draw(st.lists(st.tuples(*tokens), min_size=1, max_size=10))
    model = kneser_ney.models(text, [order])[order]
    ids = text.ids[text.train].tolist()
    expected = [kneser_ney_by_hand(ids, size, g, model.discounts, order) for g in grams]
    assert model.probability(np.array(grams)) == pytest.approx(expected, rel=1e-10)


def test_discounts_are_those_of_the_counts_of_counts():
    counts = np.repeat([1, 2, 3, 4, 9], [100, 40, 20, 12, 3])
    y = 100 / (100 + 2 * 40)
    expected = (1 - 2 * y * 40 / 100, 2 - 3 * y * 20 / 40, 3 - 4 * y * 12 / 20)
    assert kneser_ney.discounts(counts) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [[], [5, 6, 7], [1, 2, 3], [1] * 10 + [2] + [3] * 5 + [4]])
def test_without_usable_counts_of_counts_the_discounts_are_the_fallback(counts):
    assert kneser_ney.discounts(np.array(counts, int)) == kneser_ney.FALLBACK


@pytest.mark.parametrize("order", [2, 3, 4])
def test_with_one_discount_and_no_floor_kneser_ney_is_that_of_nltk(order):
    lm = pytest.importorskip("nltk.lm")
    generator = np.random.default_rng(5)
    ids = generator.choice(6, 300, p=[0.35, 0.25, 0.2, 0.1, 0.06, 0.04])
    ids = np.concatenate([ids, ids[:8]])  # so that the first n-gram has a token before it, too
    letters = [str(i) for i in ids]
    grams = [
        tuple(letters[i : i + k]) for k in range(1, order + 1) for i in range(len(letters) - k + 1)
    ]
    theirs = lm.KneserNeyInterpolated(order, discount=0.4)
    theirs.fit([grams], vocabulary_text=letters)
    discounts = [(0.0, 0.0, 0.0), *[(0.4, 0.4, 0.4)] * (order - 1)]
    ours = kneser_ney.build(Tree.grow(ids.astype(np.int64), 6, order), discounts)
    asked = list(product(range(6), repeat=order))
    expected = [theirs.score(str(g[-1]), [str(i) for i in g[:-1]]) for g in asked]
    assert ours.probability(np.array(asked)) == pytest.approx(expected, rel=1e-9)


def test_laplace_backs_off_from_a_context_never_seen_to_the_unigram():
    text = closed("abcabcabdabcabc" * 5, heldout_share=0)
    d = text.vocab.index["d"]
    models = laplace.models(text, [1, 3], [2.0, 3.0, 4.0])
    after = all_after([d, d], len(text.vocab))  # dd does not occur
    assert models[3].probability(after) == pytest.approx(models[1].probability(after[:, -1:]))


def test_kneser_ney_backs_off_from_a_context_never_seen_to_the_longest_one_seen():
    text = closed("abcabcabdabcabc" * 5, heldout_share=0)
    a, d = text.vocab.encode("ad").tolist()
    model = kneser_ney.models(text, [3])[3]
    shorter = kneser_ney.Model(model.tree, model.discounts[:2], model.shares[:2])
    after = all_after([d, d], len(text.vocab))  # dd does not occur; da does, and no other after d
    assert model.probability(after) == pytest.approx(shorter.probability(after[:, -2:]))
    assert model.probability(after).argmax() == a


# Fitting


def test_fitted_epsilons_make_the_validation_part_likeliest():
    generator = np.random.default_rng(0)
    text = closed("".join(generator.choice(list("abcdefgh"), 3000, p=[0.3, *[0.1] * 7])))
    best = laplace.fit(text, [1, 2, 3])

    def nats(epsilons: dict[int, float], order: int) -> float:
        given = [epsilons[k] for k in (1, 2, 3)]
        return score("laplace", text, [order], epsilons=given)[order, "heldout"]["total_nats"]

    for order, factor in product((2, 3), (0.7, 1.4)):
        other = best | {order: best[order] * factor}
        assert nats(best, order) <= nats(other, order)


def test_nothing_of_the_heldout_part_reaches_a_model():
    known = "the time traveller for so it will be convenient to speak of him " * 20
    one, other = closed(known + "q" * 142), closed(known + "he " * 47 + "x")
    for smoothing in names("smoothings"):
        rows = [score(smoothing, text, [1, 2, 3]) for text in (one, other)]
        for order in (1, 2, 3):
            train = [found[order, "train"] for found in rows]
            assert train[0] == train[1]


# Scoring


@pytest.mark.parametrize("size", [1, 2, 16])
def test_unigram_perplexity_of_a_uniform_text_is_the_vocabulary_size(size):
    text = closed("abcdefghijklmnop"[:size] * 400, heldout_share=0.25)
    found = score("laplace", text, [1], epsilons=[1e-9])
    assert perplexity(found[1, "train"]) == pytest.approx(size, rel=1e-6)
    assert perplexity(found[1, "heldout"]) == pytest.approx(size, rel=1e-6)


@every_smoothing
def test_words_are_memorised_with_order_and_characters_are_not_all(smoothing, time_machine):
    text = closed(time_machine.tokens("word"), min_freq=2)
    found = score(smoothing, text, [1, 2, 3])
    train = [perplexity(found[order, "train"]) for order in (1, 2, 3)]
    assert train[0] > train[1] > train[2]
    assert perplexity(found[3, "heldout"]) > 3 * train[2]


def test_kneser_ney_beats_laplace_on_held_out_characters(time_machine):
    text = closed(time_machine.tokens("char", " "))
    orders = [4, 5, 6, 7]
    ours, books = (score(name, text, orders) for name in ("kneser_ney", "laplace"))
    for order in orders:
        assert perplexity(ours[order, "heldout"]) < perplexity(books[order, "heldout"])


@every_smoothing
@given(text=TEXTS, order=ORDERS, share=st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_every_token_with_a_whole_context_is_scored_once(smoothing, text, order, share):
    text = closed(text, heldout_share=share)
    found = score(smoothing, text, [order])
    train, heldout = (found[order, split]["scored_tokens"] for split in ("train", "heldout"))
    assert train == max(0, text.train.stop - order + 1)
    assert train + heldout == len(text.numbers) - order + 1


def test_models_are_trained_on_each_size_and_the_text_of_the_runs_is_marked():
    words = closed(["ab", "cde", "f"] * 20, heldout_share=0.2)  # 9 characters for 3 words
    found = ngram_lm.sizes(words, spell(words), ["runs", 10, math.inf], run_chars=100)
    assert found == {33: True, 10: False, 48: False}  # 11 times 9 are 99 characters
    assert ngram_lm.sizes(words, spell(words), [math.inf], run_chars=math.inf) == {48: True}
    rows = list(ngram_lm.rows(words, spell(words), "laplace", [1], found, **SETTINGS))
    assert [(row["train_tokens"], row["same_text"]) for row in rows if row["split"] == "train"] == [
        *found.items()
    ]
    part = closed(["ab", "cde", "f"] * 20, heldout_share=0.2, train_tokens=10)
    alone = score("laplace", part, [1])
    assert rows[3]["total_nats"] == alone[1, "heldout"]["total_nats"]


def test_words_that_runs_read_stand_for_their_characters(tmp_path):
    (tmp_path / "text.txt").write_text("ab cde\nf ab\n")
    read = partial(ngram_lm.chars_read, written=tmp_path / "text.txt", form=Form())
    assert [read(words, "word") for words in (1, 2, 3, math.inf)] == [3, 7, 9, math.inf]
    assert read(5, "char") == 5


@every_smoothing
def test_totals_are_sums_over_single_tokens(smoothing):
    text = closed("abacabadabacabaeabacabad" * 6, heldout_share=0.2)
    model = trained(smoothing, text, 3)
    for split in ("train", "heldout"):
        begin, end, _ = getattr(text, split).indices(len(text.numbers))
        positions = range(max(begin, 2), end)
        chances = [model.probability(text.ids[None, t - 2 : t + 1])[0] for t in positions]
        expected = -sum(map(math.log, chances))
        found = ngram_lm.totals(model, 3, text, spell(text, "char"), split)
        assert found["total_nats"] == pytest.approx(expected)


# Unknown tokens


def test_words_rare_in_training_are_unknown_everywhere_and_have_their_mass():
    tokens = ["the", "cat", "the", "dog", "saw", "the", "dog", "owl", "the", "cat"]
    text = closed(tokens, heldout_share=0.2, min_freq=2)
    assert text.vocab.tokens == (UNKNOWN, "the", "dog")
    assert text.vocab.decode(text.ids)[-2:] == ["the", UNKNOWN]
    row = score("laplace", text, [1], epsilons=[1e-9])[1, "heldout"]
    assert (row["vocab_size"], row["scored_tokens"], row["oov_tokens"]) == (3, 2, 1)
    assert row["total_nats"] == pytest.approx(-math.log(3 / 8) - math.log(3 / 8))


def test_unknown_words_are_spelled_at_one_of_27_a_character():
    text = closed(["a"] * 18 + ["a", "unseen"])
    row = score("laplace", text, [1])[1, "heldout"]
    assert row["oov_tokens"] == 1
    assert row["spelling_nats"] == pytest.approx(7 * NATS_PER_LETTER)


def test_the_heldout_part_is_that_of_the_training_runs():
    for size in (7, 10, 15, 170_580):
        assert closed("a" * size).heldout.start == size - round(0.1 * size)
    assert closed("a" * 100, train_tokens=40).train == slice(0, 40)
    assert closed("a" * 100, train_tokens=400).train == slice(0, 90)


# The tree and the table


@given(text=st.lists(st.integers(0, 3), max_size=40), highest=ORDERS, data=st.data())
def test_the_tree_holds_the_counts_of_tuples_and_finds_them(text, highest, data):
    ids, tree = np.array(text, np.int64), Tree.grow(np.array(text, np.int64), 4, highest)
    grams = data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * highest), min_size=1, max_size=8))
    found = tree.find(np.array(grams))
    for k in range(1, highest + 1):
        expected = Counter(tuple(text[i : i + k]) for i in range(len(ids) - k + 1))
        counts = np.append(tree.levels[k].counts, 0)[found[k]]
        assert counts.tolist() == [expected[gram[-k:]] for gram in grams]
        before = defaultdict(int)
        for gram, count in expected.items():
            before[gram[:-1]] += count
        sums = tree.sums(k, tree.levels[k].counts)[tree.find(np.array(grams)[:, -k:-1])[k - 1]]
        assert sums.tolist() == [before[gram[-k:-1]] for gram in grams]


def test_the_table_has_metrics_from_totals_and_nothing_for_no_token(tmp_path):
    key = {"corpus": "own", "token": "word", "smoothing": "laplace"}
    text = closed(["time", "flies", "time", "crawls"], heldout_share=0.1)
    rows = ngram_lm.rows(text, spell(text), "laplace", [1, 2], {3: True}, **SETTINGS)
    csv_files.write(tmp_path / "a.csv", gather.DataFrame(key | row for row in rows))
    table = gather.gather("ngram_lm", [str(tmp_path / "a.csv")], [])
    assert list(table)[:10] == [
        *("corpus", "token", "order", "smoothing", "split", "perplexity", "bits_per_char"),
        *("vocab_size", "scored_tokens", "oov_share"),
    ]
    train, heldout = table[table.split == "train"], table[table.split == "heldout"]
    assert train.perplexity.iloc[0] == pytest.approx(
        math.exp(train.total_nats.iloc[0] / train.scored_tokens.iloc[0])
    )
    assert heldout[["perplexity", "bits_per_char", "oov_share"]].isna().all(axis=None)
