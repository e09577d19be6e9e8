"""Laws of the Zipf exponents: what is put in comes out, with an interval around it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, zeta
from scipy.stats import t as student_t

from rnnbench.base.plugins import names
from rnnbench.text import zipf
from rnnbench.text.ngrams import counts as ngrams
from rnnbench.text.vocab import Vocab
from rnnbench.text.zipf import Fit, Spectrum, latent_rank, ols, ols_f5, rank_mle, tail_mle
from rnnbench.text.zipf._ranks import grid

RANKS = np.arange(1, 2_001)
every_estimator = pytest.mark.parametrize("name", names("zipf"))
of_ranks = pytest.mark.parametrize("name", ["ols", "ols_f5", "rank_mle", "zipf_mandelbrot"])
of_all_ranks = pytest.mark.parametrize("name", ["ols", "rank_mle", "zipf_mandelbrot"])


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def independent(
    alpha: float, lexicon_size: int, tokens: int, generator: np.random.Generator, shift: float = 0.0
) -> Spectrum:
    """Counts of ``tokens`` independent words with p(rank) ∝ (rank + shift)^(-alpha)."""
    weights = (np.arange(1.0, lexicon_size + 1) + shift) ** -alpha
    counts = generator.multinomial(tokens, weights / weights.sum())
    return Spectrum.of(counts[counts > 0])


def exponent(name: str, counts: np.ndarray) -> float:
    return zipf.fit(name, Spectrum.of(counts)).exponent


def power_law(alpha: float, shift: float = 0.0) -> np.ndarray:
    return np.rint(1e12 * (RANKS + shift) ** -alpha)


def geometric(seed: int, size: int = 3_000) -> Spectrum:
    return Spectrum.of(generator(seed).geometric(0.1, size))


# What is put in comes out


@of_ranks
@given(alpha=st.floats(0.3, 2.5))
def test_an_exact_power_law_gives_its_exponent_back(name, alpha):
    assert exponent(name, power_law(alpha)) == pytest.approx(alpha, abs=2e-4)


@given(alpha=st.floats(0.5, 2), shift=st.floats(0.5, 30))
def test_an_exact_shifted_power_law_gives_exponent_and_shift_back(alpha, shift):
    found = zipf.fit("zipf_mandelbrot", Spectrum.of(power_law(alpha, shift)))
    assert found.exponent == pytest.approx(alpha, abs=5e-3)
    assert found.shift == pytest.approx(shift, rel=0.02)


@of_ranks
def test_equal_counts_have_exponent_zero(name):
    assert exponent(name, np.full(100, 7)) == pytest.approx(0, abs=1e-4)


@of_all_ranks
@given(scale=st.integers(1, 1000))
def test_a_text_repeated_has_the_same_exponent(name, scale):
    counts = np.rint(1000 / RANKS) + 1
    assert exponent(name, scale * counts) == pytest.approx(exponent(name, counts), abs=1e-4)


@pytest.mark.parametrize("beta", [1.6, 2.0, 3.0])
@pytest.mark.parametrize("xmin", [1, 4])
def test_counts_of_a_power_law_give_its_exponent_back(beta, xmin):
    counts = tail_mle.draw(xmin, beta, 20_000, generator())
    found = zipf.fit("tail_mle", Spectrum.of(counts))
    assert 1 + 1 / found.exponent == pytest.approx(beta, abs=0.06)
    assert found.ks < 0.02


@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.2])
@pytest.mark.parametrize(("lexicon_size", "shift"), [(10_000, 0), (100_000, 0), (20_000, 5)])
def test_unknown_ranks_give_the_exponent_of_independent_words_back(alpha, lexicon_size, shift):
    text = independent(alpha, lexicon_size, 200_000, generator(), shift)
    found = zipf.fit("latent_rank", text)
    assert found.exponent == pytest.approx(alpha, abs=0.01 if shift == 0 else 0.03)
    assert found.lexicon_size == pytest.approx(lexicon_size, rel=0.1)
    assert found.shift == pytest.approx(shift, abs=0.1 + 0.15 * shift)
    none = found.shift < 1e-5  # the search ends there, whatever lies below
    assert found.status == ("at the bound: shift" if none else "estimated")


def test_the_line_of_the_book_moves_with_the_length_of_the_text_and_unknown_ranks_do_not():
    texts = {length: independent(1.0, 100_000, length, generator()) for length in (20_000, 200_000)}
    biases = {
        (name, length): zipf.fit(name, text).exponent - 1
        for name in ("ols", "latent_rank")
        for length, text in texts.items()
    }
    assert biases["ols", 20_000] < -0.35
    assert biases["ols", 200_000] > -0.2
    assert max(abs(biases["latent_rank", length]) for length in (20_000, 200_000)) < 0.01


def test_the_words_of_the_time_machine_have_the_exponent_1_035(time_machine):
    tokens = time_machine.tokens("word")
    vocab = Vocab.build(tokens)
    counts = ngrams.count(vocab.encode(tokens), 1, len(vocab)).counts
    assert exponent("ols", counts) == pytest.approx(1.035, abs=5e-4)


# Against their definitions


def small_text() -> tuple[np.ndarray, Spectrum]:
    counts = generator().zipf(1.9, 300) % 500 + 1
    return -np.sort(-counts), Spectrum.of(counts)


def test_a_spectrum_knows_the_types_the_tokens_and_the_ranks_of_its_counts():
    counts, spectrum = small_text()
    assert (spectrum.n_types, spectrum.n_tokens) == (len(counts), counts.sum())
    logs = np.log(np.arange(1, len(counts) + 1) + 0.5)
    sums = [logs[counts == value].sum() for value in spectrum.values]
    assert spectrum.log_rank_sums(0.5) == pytest.approx(np.array(sums))


def test_least_squares_is_the_line_of_numpy():
    counts, spectrum = small_text()
    log_rank = np.log(np.arange(1, len(counts) + 1))
    expected = -np.polyfit(log_rank, np.log(counts), 1)[0]
    assert ols.fit(spectrum).exponent == pytest.approx(expected, rel=1e-10)
    common = counts >= 5
    expected = -np.polyfit(log_rank[common], np.log(counts[common]), 1)[0]
    assert ols_f5.fit(spectrum).exponent == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("exact", "last"), [(10, 1_000), (64, 100_000), (64, 40), (200, 2_345)])
@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_a_sum_over_ranks_on_few_nodes_is_the_sum_over_all(exact, last, alpha):
    nodes, weights = grid(exact, 10 * last).upto(last)
    assert len(nodes) <= exact + 150
    expected = (np.arange(1.0, last + 1) ** -alpha).sum()
    assert weights @ nodes**-alpha == pytest.approx(expected, rel=1e-4 if exact == 10 else 1e-6)


@pytest.mark.parametrize(
    ("alpha", "shift", "size"), [(1.0, 0.0, 3_000), (0.8, 2.0, 9_000), (1.1, 0.5, 2_950)]
)
def test_the_likelihood_of_unknown_ranks_is_the_sum_over_all_ranks(alpha, shift, size):
    text = independent(1.0, 3_000, 50_000, generator())
    p = (np.arange(1.0, size + 1) + shift) ** -alpha
    means = text.n_tokens * p / p.sum()

    def log_chance(count):
        logs = count * np.log(means) - means - gammaln(count + 1)
        return np.logaddexp.reduce(logs) - np.log(size)

    seen = text.n_types
    expected = gammaln(size + 1) - gammaln(size - seen + 1) + (size - seen) * log_chance(0)
    expected += text.types @ [log_chance(count) for count in text.values]
    theta = np.array([alpha, np.log1p(shift), np.log(size)])
    assert latent_rank.Loss(text)(theta)[0] == pytest.approx(-expected, abs=0.01)


def test_the_likelihood_of_unknown_ranks_is_finite_far_from_any_text():
    loss = latent_rank.Loss(independent(1.0, 3_000, 50_000, generator()))
    sizes = np.log(loss.seen * np.array([1, latent_rank.UNSEEN]))
    thetas = [(a, q, v) for a in latent_rank.EXPONENTS for q in (0.0, 11.5) for v in sizes]
    for theta in thetas:
        nats, gradient = loss(np.array(theta))
        assert np.isfinite([nats, *gradient]).all()


@pytest.mark.parametrize("theta", [(1.0, 0.1, 8.2), (0.7, 1.0, 9.5), (1.4, 3.0, 8.02)])
def test_the_gradient_of_unknown_ranks_is_that_of_differences(theta):
    loss = latent_rank.Loss(independent(1.0, 3_000, 50_000, generator()))
    steps = 1e-5 * np.eye(3)
    expected = [(loss(theta + step)[0] - loss(theta - step)[0]) / 2e-5 for step in steps]
    assert loss(np.array(theta))[1] == pytest.approx(np.array(expected), rel=1e-3, abs=0.05)


@pytest.mark.parametrize("xmin", [1, 5])
def test_the_tail_is_fitted_by_maximum_likelihood(xmin):
    counts = tail_mle.draw(xmin, 2.2, 2_000, generator())
    (beta,) = tail_mle.maximise(np.array([float(xmin)]), np.array([np.log(counts).mean()]))

    def mean_nats(b):
        return b * np.log(counts).mean() + np.log(zeta(b, xmin))

    assert mean_nats(beta) < min(mean_nats(beta - 1e-3), mean_nats(beta + 1e-3))


def test_the_distance_of_the_tail_is_the_greatest_at_any_count():
    counts = tail_mle.draw(2, 1.9, 400, generator())
    spectrum = Spectrum.of(np.minimum(counts, 3_000))
    every = np.arange(3, 3_001)
    tail = np.minimum(counts, 3_000)
    tail = tail[tail >= 3]
    seen = np.array([(tail <= x).mean() for x in every])
    expected = np.abs(seen - (1 - zeta(1.8, every + 1) / zeta(1.8, 3))).max()
    (found,) = tail_mle.ks(spectrum, np.array([3.0]), np.array([1.8]))
    assert found == pytest.approx(expected, rel=1e-9)


def test_drawn_counts_follow_the_law():
    counts = tail_mle.draw(3, 2.0, 100_000, generator())
    for x in (3, 4, 10, 1_000, 30_000):
        chance = zeta(2.0, x) / zeta(2.0, 3)
        assert (counts >= x).mean() == pytest.approx(
            chance, abs=4 * math.sqrt(chance / 1e5) + 1e-12
        )


# Tests of fit


def p_value(text: Spectrum) -> float:
    return zipf.estimate("tail_mle", text, [text] * 3, 40, generator()).p


def test_true_power_laws_have_p_values_of_all_sizes():
    texts = (Spectrum.of(tail_mle.draw(1, 2.0, 1_000, generator(s))) for s in range(16))
    ps = np.array([p_value(text) for text in texts])
    assert (ps < 0.1).mean() <= 0.25
    assert 0.3 < ps.mean() < 0.75


@pytest.mark.parametrize("seed", range(3))
def test_counts_of_another_law_have_a_small_p_value_unless_only_their_end_is_asked(seed):
    text = geometric(seed)
    from_one = tail_mle.fit(text, Fit(1.0, xmin=1.0))
    assert tail_mle.p_value(text, from_one, 40, generator()) == 0
    assert zipf.fit("tail_mle", text).xmin > 10


def test_no_replicates_give_no_p_value():
    text = geometric(1)
    assert math.isnan(zipf.estimate("tail_mle", text, [text] * 3, 0, generator()).p)


# Intervals and statuses


@every_estimator
@pytest.mark.parametrize("n_types", [0, 1, zipf.MIN_TYPES - 1])
def test_too_few_types_have_no_exponent_and_say_why(name, n_types):
    text = Spectrum.of(np.arange(n_types, 0, -1))
    found = zipf.estimate(name, text, [], 10, generator())
    assert all(map(math.isnan, (found.exponent, found.low, found.high, found.p)))
    assert (found.estimator, found.n_types) == (name, n_types)
    assert found.status == f"no exponent: fewer than {zipf.MIN_TYPES} types"


def test_a_text_of_rare_types_has_no_line_through_the_common_ones():
    found = zipf.estimate("ols_f5", Spectrum.of(np.ones(100)), [], 0, generator())
    assert math.isnan(found.exponent)
    assert found.status == "no exponent: fewer than 10 types seen 5 times"


def test_a_text_in_which_nothing_repeats_is_at_the_bound_of_the_lexicon():
    found = zipf.fit("latent_rank", Spectrum.of(np.ones(200)))
    assert found.status.startswith("at the bound: ")


@pytest.mark.parametrize("name", ["zipf_mandelbrot", "latent_rank"])
def test_a_shift_whose_optimum_lies_below_none_is_at_the_bound(name):
    steep = 5000 * (np.arange(1, 2001) - 0.5) ** -1.0  # the commonest type twice as common
    found = zipf.fit(name, Spectrum.of(np.round(steep)))
    assert found.shift == pytest.approx(0, abs=1e-5)
    assert found.status == "at the bound: shift"


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_a_shift_that_is_found_is_not_at_the_bound(shift):
    found = zipf.fit("zipf_mandelbrot", Spectrum.of(power_law(1.1, shift)))
    assert found.status == zipf.ESTIMATED


def test_the_jackknife_is_the_formula_on_a_case_done_by_hand():
    quantile = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025))  # Student's t, two degrees of freedom
    half = quantile * math.sqrt(2 / 3 * (1 + 0 + 1))
    assert zipf.jackknife_half_width(np.array([1.0, 2.0, 3.0])) == pytest.approx(half, rel=1e-12)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=30))
def test_the_jackknife_of_a_mean_is_the_classical_interval_of_a_mean(values):
    values = np.array(values)
    n = len(values)
    replicates = (values.sum() - values) / (n - 1)
    expected = student_t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
    assert zipf.jackknife_half_width(replicates) == pytest.approx(expected, abs=1e-9)


def words(seed: int, alpha: float = 1.0) -> np.ndarray:
    weights = np.arange(1.0, 2_001) ** -alpha
    return generator(seed).choice(2_000, 20_000, p=weights / weights.sum())


def estimate(name: str, ids: np.ndarray) -> zipf.Estimate:
    text = Spectrum.of(ngrams.count(ids, 1, 2_000).counts)
    rest = [Spectrum.of(c) for c in ngrams.leave_one_block_out(ids, 1, 2_000, 20)]
    return zipf.estimate(name, text, rest, 0, generator())


@every_estimator
def test_the_interval_contains_the_estimate_and_the_blocks_decide_its_width(name):
    found = estimate(name, words(1))
    assert found.low < found.exponent < found.high
    text = Spectrum.of(ngrams.count(words(1), 1, 2_000).counts)
    alike = zipf.estimate(name, text, [text] * 10, 0, generator())
    assert alike.high - alike.low < 1e-9


def test_the_interval_of_unknown_ranks_contains_the_truth():
    found = [estimate("latent_rank", words(seed)) for seed in range(6)]
    assert sum(one.low < 1 < one.high for one in found) >= 5
    assert np.median([one.high - one.low for one in found]) < 0.05


@settings(max_examples=20)
@given(st.lists(st.integers(0, 5), max_size=40))
def test_shuffled_words_are_the_same_words_and_half_a_text_is_its_first_half(ids):
    ids = np.array(ids, int)
    texts = zipf.texts(ids, 2, generator())
    assert list(texts) == ["whole", "shuffled", "half"]
    assert sorted(texts["shuffled"]) == sorted(ids)
    assert list(texts["half"]) == list(ids[: len(ids) // 2])
    again = zipf.texts(ids, 2, generator())["shuffled"]
    assert (texts["shuffled"] == again).all()


def test_single_tokens_have_nothing_that_shuffling_could_change():
    assert list(zipf.texts(np.arange(9), 1, generator())) == ["whole"]


def test_the_maximum_likelihood_of_ranks_is_that_of_a_sum_over_all_ranks():
    counts, spectrum = small_text()
    log_rank = np.log(np.arange(1, len(counts) + 1))

    def nats(alpha):
        return alpha * counts @ log_rank + counts.sum() * np.log(np.exp(-alpha * log_rank).sum())

    found = rank_mle.fit(spectrum).exponent
    assert nats(found) < min(nats(found - 1e-3), nats(found + 1e-3))
