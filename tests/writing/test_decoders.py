"""Laws of the decoders, on models whose every text can be written down."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.writing import decoders
from rnnbench.writing.decoders import Choice, beam, greedy, sampling, top_k


@dataclass(frozen=True)
class Remembering:
    """A model of all that came before: ``after`` gives the logits after each text so far."""

    after: Callable[[tuple[int, ...]], np.ndarray]
    texts: tuple[tuple[int, ...], ...] = ((),)

    @property
    def logits(self):
        return np.array([self.after(text) for text in self.texts])

    def then(self, tokens):
        grown = ((*t, int(n)) for t, n in zip(self.texts, tokens, strict=True))
        return replace(self, texts=tuple(grown))

    def rows(self, index):
        return replace(self, texts=tuple(self.texts[i] for i in index))


def drawn(seed, vocab_size):
    """A model whose logits are drawn anew, from a seed, after each text."""
    return Remembering(
        lambda text: np.random.default_rng([seed, *text, 7]).normal(0, 2, vocab_size)
    )


def known(chances):
    """A model of three tokens with these probabilities after some texts, equal ones elsewhere."""
    return Remembering(lambda text: np.log(np.maximum(chances.get(text, [1 / 3] * 3), 1e-12)))


def every_text(vocab_size, length):
    return np.array(list(itertools.product(range(vocab_size), repeat=length)))


def nats(reading, texts):
    return decoders.nats(reading.rows(np.zeros(len(texts), int)), texts)


def generator(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


seeds = st.integers(0, 10_000)
sizes = {"seed": seeds, "vocab_size": st.integers(2, 5), "length": st.integers(1, 4)}
logits = st.lists(st.floats(-50, 50), min_size=2, max_size=8).map(lambda row: np.array([row]))
WITH = {"greedy": {}, "sampling": {"alpha": 1}, "top_k": {"k": 2}, "beam": {"width": 3}}


@given(**sizes)
def test_probabilities_of_all_texts_of_a_length_sum_to_1(seed, vocab_size, length):
    total = np.exp(-nats(drawn(seed, vocab_size), every_text(vocab_size, length))).sum()
    np.testing.assert_allclose(total, 1)


@given(**sizes)
def test_a_beam_of_width_1_is_greedy(seed, vocab_size, length):
    reading = drawn(seed, vocab_size)
    found = beam.decode(reading, length, None, width=1)
    assert np.array_equal(found, greedy.decode(reading, length))


@given(**sizes)
def test_a_beam_that_forgets_nothing_finds_the_most_probable_of_all_texts(seed, vocab_size, length):
    reading, texts = drawn(seed, vocab_size), every_text(vocab_size, length)
    found = beam.decode(reading, length, None, width=vocab_size ** (length - 1))
    assert np.array_equal(found[0], texts[nats(reading, texts).argmin()])


@given(seed=seeds, vocab_size=st.integers(2, 5), width=st.integers(1, 20))
def test_no_beam_is_more_probable_than_the_most_probable_text(seed, vocab_size, width):
    reading, texts = drawn(seed, vocab_size), every_text(vocab_size, 3)
    found = nats(reading, beam.decode(reading, 3, None, width))
    assert found >= nats(reading, texts).min() - 1e-9


@given(seed=seeds, vocab_size=st.integers(2, 5), length=st.integers(1, 2))
def test_up_to_two_tokens_a_wider_beam_never_finds_less_probable_text(seed, vocab_size, length):
    reading = drawn(seed, vocab_size)
    found = [nats(reading, beam.decode(reading, length, None, width))[0] for width in range(1, 6)]
    assert (np.diff(found) <= 1e-9).all()


def test_of_longer_texts_a_wider_beam_may_find_a_less_probable_one():
    """Both texts of the second beam crowd out the one that greedy goes on with, and end badly."""
    chances = {
        (): [0.5, 0.49, 0.01],
        (0,): [0.34, 0.33, 0.33],
        (1,): [0.5, 0.5, 0],
        (0, 0): [1, 0, 0],
    }
    reading = known(chances)
    narrow, wide = (beam.decode(reading, 3, None, width) for width in (1, 2))
    assert (narrow[0, 0], wide[0, 0]) == (0, 1)
    found = np.exp(-nats(reading, np.concatenate([narrow, wide])))
    np.testing.assert_allclose(found, [0.5 * 0.34, 0.49 * 0.5 / 3])


@given(seed=seeds, length=st.integers(0, 6))
def test_sampling_at_infinite_alpha_and_the_first_of_one_are_greedy(seed, length):
    reading = drawn(seed, 4)
    expected = greedy.decode(reading, length)
    assert np.array_equal(sampling.decode(reading, length, generator(), alpha=np.inf), expected)
    assert np.array_equal(top_k.decode(reading, length, generator(), k=1), expected)


@given(logits=logits)
def test_weights_at_alpha_1_are_the_models_and_at_0_equal(logits):
    of_model, equal = decoders.weights(logits, 1.0), decoders.weights(logits, 0.0)
    expected = np.exp(decoders.log_probabilities(logits))
    np.testing.assert_allclose(of_model / of_model.sum(), expected, rtol=1e-9)
    assert (equal == 1).all()


@given(logits=logits, alpha=st.floats(0, 20))
def test_weights_are_the_powers_of_the_probabilities(logits, alpha):
    found = decoders.weights(logits, alpha)
    powers = np.exp(alpha * decoders.log_probabilities(logits))
    np.testing.assert_allclose(found, powers / powers.max(), rtol=1e-6, atol=1e-300)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
def test_tokens_are_drawn_as_often_as_q_says(alpha):
    reading = drawn(5, 6)
    q = np.exp(alpha * decoders.log_probabilities(reading.logits)[0])
    q /= q.sum()
    many = reading.logits.repeat(20_000, axis=0)
    counts = np.bincount(Choice(alpha)(many, generator().random(20_000)), minlength=6)
    assert chisquare(counts, 20_000 * q).pvalue > 0.001
    uneven = chisquare(counts, 20_000 * np.roll(q, 1)).pvalue if alpha else 0
    assert uneven < 1e-6


def test_top_k_draws_the_k_most_probable_alone_in_the_models_proportions():
    reading = drawn(5, 6)
    p = np.exp(decoders.log_probabilities(reading.logits)[0])
    kept = np.argsort(-p)[:3]
    many = reading.logits.repeat(20_000, axis=0)
    counts = np.bincount(Choice(k=3)(many, generator().random(20_000)), minlength=6)
    assert counts[kept].sum() == 20_000
    assert chisquare(counts[kept], 20_000 * p[kept] / p[kept].sum()).pvalue > 0.001


@given(seed=seeds, k=st.integers(4, 9))
def test_top_k_of_the_whole_vocabulary_is_sampling(seed, k):
    reading = drawn(seed, 4)
    expected = sampling.decode(reading, 5, generator(seed), alpha=1.0)
    assert np.array_equal(top_k.decode(reading, 5, generator(seed), k), expected)


@given(
    weights=st.lists(st.sampled_from([0.0, 1e-300, 0.5, 1.0]), min_size=1, max_size=6).filter(any)
)
def test_what_has_no_weight_is_never_drawn(weights):
    found = decoders.draw(np.array([weights] * 200), generator().random(200))
    assert all(weights[token] > 0 for token in found)


@pytest.mark.parametrize("name", names("decoders"))
def test_a_text_has_its_length_and_follows_from_the_generator_alone(name):
    decoder, reading = load("decoders", name), drawn(1, 4)
    assert set(WITH[name]) == set(decoder.SETTINGS)
    for length in (0, 1, 7):
        first, again = (
            decoder.decode(reading, length, generator(2), **WITH[name]) for _ in range(2)
        )
        assert first.shape == (1, length) and np.array_equal(first, again)
    others = [decoder.decode(reading, 7, generator(s), **WITH[name]).tolist() for s in range(9)]
    assert (len({str(other) for other in others}) > 1) == decoder.DRAWS


@pytest.mark.parametrize(
    "name", [name for name in names("decoders") if load("decoders", name).DRAWS]
)
def test_texts_drawn_side_by_side_differ(name):
    decoder, reading = load("decoders", name), drawn(1, 4).rows(np.zeros(9, int))
    found = decoder.decode(reading, 7, generator(2), **WITH[name])
    assert found.shape == (9, 7) and len({str(row) for row in found}) > 1


def test_every_combination_of_settings_is_asked_for_in_its_type():
    asked = {"greedy": {}, "beam": {"width": [2.0, 4]}, "sampling": {"alpha": []}}
    found = list(decoders.each(asked))
    assert found == [("greedy", {}), ("beam", {"width": 2}), ("beam", {"width": 4})]
    assert all(isinstance(setting["width"], int) for _, setting in found[1:])


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("pie", {}, "unknown name 'pie' in decoders"),
        ("sampling", {}, "expected alpha, found no setting"),
        ("greedy", {"alpha": 1}, "expected no setting, found alpha"),
        ("sampling", {"alpha": -0.5}, "a number of at least 0"),
        ("sampling", {"alpha": np.nan}, "found nan"),
        ("top_k", {"k": 0}, "a whole number of at least 1"),
        ("beam", {"width": 1.5}, "a whole number of at least 1"),
        ("beam", {"width": np.inf}, "a whole number of at least 1"),
    ],
)
def test_a_setting_that_cannot_be_is_told(name, settings, said):
    with pytest.raises(StudyError, match=said):
        decoders.checked(name, settings)
