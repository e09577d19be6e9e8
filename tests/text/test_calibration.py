"""Laws of the calibration text: its bytes are pinned, it is what its rule says, its truth holds."""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from rnnbench.base.errors import CorpusError
from rnnbench.text import corpora, truth
from rnnbench.text.chain import SYMBOLS, CharChain, WordChain
from rnnbench.text.corpora import Folders, calibration, calibration_long
from rnnbench.text.metrics import perplexity

CHAIN = calibration.chain()
SMALL = WordChain(  # "ba" begins "bab"; "a" and "ac" are of different classes
    words=("ba", "bab", "a", "cab", "ac"),
    weights=(6, 4, 2, 5, 1),
    classes=(0, 0, 0, 1, 1),
    steps=((3, 1), (2, 2)),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(None, tmp_path_factory.mktemp("empty") / "cache")


@pytest.fixture(scope="module")
def words() -> list[str]:
    """The long text, word by word."""
    return calibration.words(calibration_long.NUM_WORDS)


def simulated(chain: WordChain, num_words: int, seed: int) -> list[str]:
    """Draw a text anew, with another generator and with floating-point numbers."""
    generator = np.random.default_rng(seed)
    bounds = np.cumsum(chain.p_steps, axis=1)
    groups = [generator.choice(len(bounds), p=chain.p_classes)]
    for uniform in generator.random(num_words - 1):
        groups.append(np.searchsorted(bounds[groups[-1]], uniform))
    members = [np.flatnonzero(np.array(chain.classes) == k) for k in range(len(bounds))]
    p = [chain.p_words[ids] / chain.p_words[ids].sum() for ids in members]
    drawn = [iter(generator.choice(i, num_words, p=q)) for i, q in zip(members, p, strict=True)]
    return [chain.words[next(drawn[k])] for k in groups]


def plug_in(tokens: list[str] | str, order: int) -> float:
    """Conditional entropy, nats per token, of the n-grams of one text as they are counted."""

    def entropy(n: int) -> float:
        counts = Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - order + 1))
        p = np.array(list(counts.values())) / counts.total()
        return float(-(p @ np.log(p)))

    return entropy(order) - entropy(order - 1)


def standard_errors(values: np.ndarray, expected: float, blocks: int = 200) -> float:
    """How far the mean of a dependent series, ``(N,)``, is from the expected one."""
    means = values[: len(values) // blocks * blocks].reshape(blocks, -1).mean(axis=1)
    return float((means.mean() - expected) / (means.std(ddof=1) / blocks**0.5))


# Bytes


@pytest.mark.parametrize(
    ("corpus", "least", "most"),
    [(calibration, 190_000, 210_000), (calibration_long, 950_000, 1_050_000)],
)
def test_the_text_is_the_pinned_bytes_each_time(
    folders: Folders, corpus: object, least: int, most: int
) -> None:
    raw = corpus.raw(folders)
    assert raw.files[0]().read() == corpus.raw(folders).files[0]().read()
    assert raw.sha256 == corpus.SHA256 == hashlib.sha256(raw.files[0]().read()).hexdigest()
    assert least < len(raw.files[0]().read()) < most
    assert not folders.cache.exists()


def test_other_bytes_are_refused_with_both_hashes() -> None:
    with pytest.raises(CorpusError, match=f"my_text: expected SHA-256 {'0' * 64}, found [0-9a-f]"):
        calibration.made(100, "0" * 64, "my_text")


def test_the_long_text_begins_with_the_short_one(words: list[str]) -> None:
    assert words[: calibration.NUM_WORDS] == calibration.words()


def test_no_decision_depends_on_a_floating_point_number() -> None:
    nodes = list(ast.walk(ast.parse(Path(calibration.__file__).read_text())))
    assert not any(isinstance(node, ast.Div) for node in nodes)
    assert not any(isinstance(getattr(node, "value", None), float) for node in nodes)


def test_the_generator_is_splitmix64() -> None:
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    draws = calibration._splitmix64(1234567)
    assert [next(draws) for _ in known] == known


# The dress


@pytest.mark.parametrize("name", ["calibration", "calibration_long"])
def test_cleaning_takes_the_dress_off(
    prepare: Callable, folders: Folders, words: list[str], name: str
) -> None:
    corpus = prepare(name, {}, folders)
    plain = words[: corpora.find(name, {}).NUM_WORDS]
    assert " ".join(corpus.lines) == "".join(corpus.tokens("char")) == " ".join(plain)
    assert corpus.tokens("word") == plain


def test_the_dress_is_capitals_marks_and_short_lines(folders: Folders) -> None:
    text = calibration.raw(folders).files[0]().read().decode("ascii")
    lines = text.splitlines()
    assert max(map(len, lines)) == calibration.WIDTH
    assert min(map(len, lines[:-1])) > calibration.WIDTH // 2
    assert text.endswith(".\n")
    assert set(text) - set(SYMBOLS) - set(SYMBOLS.upper()) == set("\n.?!,;-")
    flat = text.replace("\n", " ")
    assert re.findall(r"[.?!] [a-z]|[^.?!] [A-Z]|[a-z][A-Z]", flat) == []
    assert 2_500 < len(re.findall("[.?!] [A-Z]", flat)) < 4_500


def test_the_text_has_all_letters_and_the_space() -> None:
    assert set(" ".join(calibration.words())) == set(SYMBOLS)


# The rule


def test_the_lexicon_has_1024_distinct_words_and_short_ones_are_frequent() -> None:
    assert len(set(CHAIN.words)) == len(CHAIN.words) == 1_024
    assert [len(text) for text in CHAIN.words] == sorted(len(text) for text in CHAIN.words)
    assert all(re.fullmatch("([^aeiou][aeiou])+[^aeiou]?", text) for text in CHAIN.words)


def test_no_word_with_its_space_begins_another() -> None:
    spaced = sorted(text + " " for text in CHAIN.words)
    assert not any(later.startswith(text) for text, later in pairwise(spaced))


def test_the_classes_have_exactly_equal_mass() -> None:
    assert CHAIN.masses == [2**calibration.CLASS_BITS] * 4
    assert min(Counter(CHAIN.classes).values()) > 200


def test_weights_are_inverse_to_the_rank_far_below_what_a_text_could_show() -> None:
    harmonic = sum(Fraction(1, rank) for rank in range(1, 1_025))
    for rank, weight in enumerate(CHAIN.weights, 1):
        assert abs(Fraction(weight, sum(CHAIN.weights)) * harmonic * rank - 1) < Fraction(1, 10**14)


def test_the_class_steps_as_often_as_the_rule_says(words: list[str]) -> None:
    group_of = dict(zip(CHAIN.words, CHAIN.classes, strict=True))
    counts = Counter(pairwise(group_of[text] for text in words))
    for old in range(4):
        row = np.array([counts[old, new] for new in range(4)])
        p = np.roll([1 / 16, 13 / 16, 1 / 16, 1 / 16], old)
        np.testing.assert_allclose(CHAIN.p_steps[old], p, rtol=1e-15)
        assert (abs(row - row.sum() * p) < 4 * np.sqrt(row.sum() * p * (1 - p))).all()


def test_words_are_drawn_as_their_weights_say(words: list[str]) -> None:
    counts = Counter(words)
    expected = CHAIN.p_words * len(words)
    seen = np.array([counts[text] for text in CHAIN.words])
    assert (abs(seen - expected) < 5 * np.sqrt(expected)).all()


@pytest.mark.parametrize("num_words", [calibration.NUM_WORDS, calibration_long.NUM_WORDS])
def test_the_exponent_is_one_where_the_ranks_are_known(words: list[str], num_words: int) -> None:
    rank = {text: i for i, text in enumerate(CHAIN.words, 1)}
    mean_log_rank = np.mean([np.log(rank[text]) for text in words[:num_words]])
    logs = np.log(np.arange(1, 1_025))
    alpha = brentq(
        lambda alpha: np.average(logs, weights=np.exp(-alpha * logs)) - mean_log_rank, 0.5, 2
    )
    assert alpha == pytest.approx(1, abs=0.01)


# The truth


def test_the_truth_is_in_closed_form() -> None:
    ranks = np.arange(1, 1_025)
    p = 1 / ranks / np.sum(1 / ranks)
    row = 13 / 16 * np.log(16 / 13) + 3 / 16 * np.log(16)
    information = -(p @ np.log(p)) - (np.log(4) - row)
    chars = p @ [len(text) + 1 for text in calibration.lexicon()]
    assert truth.chars_per_word(CHAIN) == pytest.approx(chars, rel=1e-12)
    assert truth.entropy_rate(CHAIN) == pytest.approx(information / chars, rel=1e-12)
    assert np.exp(truth.entropy_rate(CHAIN)) == pytest.approx(2.2987348985652, rel=1e-12)
    assert chars - 1 == pytest.approx(4.4, abs=0.05)


def test_n_gram_predictors_come_down_to_the_floor_and_not_below() -> None:
    rows = truth.predictors(CHAIN, char_orders=range(1, 7))
    rate = truth.entropy_rate(CHAIN)
    words = [row.nats_per_token / row.chars_per_token for row in rows if row.token == "word"]
    chars = [row.nats_per_token / row.chars_per_token for row in rows if row.token == "char"]
    assert len(words) == 3
    assert words[0] > words[1] == words[2] == rate
    assert all(shorter > longer for shorter, longer in pairwise(chars))
    assert chars[-1] > rate


def test_long_char_n_grams_reach_the_floor() -> None:
    rate = truth.entropy_rate(SMALL)
    assert truth.char_entropy(SMALL, 4) - rate > 1e-4
    assert 0 < truth.char_entropy(SMALL, 10) - rate < 1e-4


def test_single_characters_are_as_frequent_as_the_words_that_have_them() -> None:
    mass: Counter[str] = Counter()
    for text, p in zip(CHAIN.words, CHAIN.p_words, strict=True):
        for letter in text + " ":
            mass[letter] += p
    codes, p = CharChain.of(CHAIN).ngrams(1)
    assert [SYMBOLS[code] for code in codes] == sorted(mass)
    expected = [mass[letter] / mass.total() for letter in sorted(mass)]
    np.testing.assert_allclose(p, expected, rtol=1e-12)


def test_the_truth_is_what_a_simulation_counts() -> None:
    text = simulated(SMALL, 100_000, seed=1)
    for order in (1, 2, 3):
        assert plug_in(text, order) == pytest.approx(truth.word_entropy(SMALL, order), rel=6e-3)
    chars = " ".join(text)
    assert len(chars) / len(text) == pytest.approx(truth.chars_per_word(SMALL), rel=6e-3)
    for order in (1, 2, 3, 4, 5):
        assert plug_in(chars, order) == pytest.approx(truth.char_entropy(SMALL, order), rel=6e-3)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_the_best_predictor_of_an_order_scores_the_text_as_it_should(
    words: list[str], order: int
) -> None:
    symbols = np.array([SYMBOLS.index(letter) for letter in " ".join(words)])
    windows = np.lib.stride_tricks.sliding_window_view(symbols, order)
    codes = windows @ len(SYMBOLS) ** np.arange(order)[::-1]
    known, p = CharChain.of(CHAIN).ngrams(order)
    _, context = np.unique(known // len(SYMBOLS), return_inverse=True)
    p_next = p / np.bincount(context, p)[context]
    places = np.searchsorted(known, codes)
    assert (known[places] == codes).all()
    assert p.sum() == pytest.approx(1, rel=1e-12)
    expected = truth.char_entropy(CHAIN, order)
    assert abs(standard_errors(-np.log(p_next[places]), expected)) < 4


def test_the_floor_of_the_text_is_the_entropy_rate_within_its_standard_error(
    words: list[str],
) -> None:
    rate = truth.entropy_rate(CHAIN)
    for text in (words, simulated(CHAIN, 100_000, seed=2)):
        assert abs(standard_errors(truth.char_nats(CHAIN, " ".join(text)), rate)) < 4


def test_the_characters_of_a_word_add_up_to_the_word() -> None:
    nats = truth.char_nats(SMALL, "ba cab ac")
    first = -np.log(6 / 18)
    second = -np.log(1 / 4 * 5 / 6)
    assert nats[:3].sum() == pytest.approx(first)
    assert nats[3:7].sum() == pytest.approx(second)
    p_a = 1 / 2 * 2 / 12 + 1 / 2 * 1 / 6  # "a" or "ac", after a word of class 1
    assert nats[7:] == pytest.approx([-np.log(p_a), -np.log(1 / 2 * 1 / 6 / p_a)])


def test_the_floor_of_a_part_knows_what_came_before(words: list[str]) -> None:
    text = " ".join(words[: calibration.NUM_WORDS])
    whole, num_chars = truth.realised_floor(CHAIN, text, 0)
    start = len(text) - round(0.1 * len(text))
    part, part_chars = truth.realised_floor(CHAIN, text, start)
    rest = truth.char_nats(CHAIN, text)[:start].sum()
    assert (num_chars, part_chars) == (len(text), round(0.1 * len(text)))
    assert rest + part == pytest.approx(whole)
    assert perplexity(part, part_chars) == pytest.approx(
        np.exp(truth.entropy_rate(CHAIN)), rel=0.03
    )


def test_a_text_of_another_source_has_no_floor() -> None:
    with pytest.raises(ValueError, match="found 'nonsense'"):
        truth.char_nats(CHAIN, "la nonsense")
    with pytest.raises(ValueError, match="found ''"):
        truth.char_nats(CHAIN, "la  te")


def test_steps_that_do_not_keep_the_masses_are_refused() -> None:
    with pytest.raises(ValueError, match=r"keep the masses \[12, 6\]"):
        WordChain(SMALL.words, SMALL.weights, SMALL.classes, ((1, 3), (2, 2)))


@pytest.mark.parametrize("num_words", [calibration.NUM_WORDS, calibration_long.NUM_WORDS])
def test_single_characters_of_the_text_are_within_half_a_percent_of_the_truth(
    words: list[str], num_words: int
) -> None:
    text = " ".join(words[:num_words])
    exact = np.exp(truth.char_entropy(CHAIN, 1))
    for part in (text, text[-len(text) // 10 :]):
        assert np.exp(plug_in(part, 1)) == pytest.approx(exact, rel=0.005)
