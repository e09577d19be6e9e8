"""Laws of coverage: probabilities by enumeration, and samplers that keep to them."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.base.plugins import load, names
from rnnbench.experiments import coverage
from rnnbench.training.samplers import tokens_needed

SAMPLERS = names("samplers")
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS)
SIZES = (83, 3, 5)  # num_tokens, batch_size, num_steps


class Offset:
    """A generator that draws one offset and shuffles as a real one does."""

    def __init__(self, offset, seed):
        self.offset, self.real = offset, np.random.Generator(np.random.PCG64(seed))

    def integers(self, _):
        return self.offset

    def permutation(self, size):
        return self.real.permutation(size)


def counted(sampler, offset, epochs):
    """How often each position starts a subsequence, per epoch of one offset."""
    found, (num_tokens, batch_size, num_steps) = Counter(), SIZES
    for seed in range(epochs):
        generator = Offset(offset, seed)
        text = torch.arange(num_tokens)
        for X, _ in load("samplers", sampler).minibatches(text, batch_size, num_steps, generator):
            found.update(X[0].tolist())
    return np.array([found[position] for position in range(num_tokens)]) / epochs


@pytest.mark.parametrize("offset", range(SIZES[2]))
def test_a_sequential_partition_starts_exactly_where_it_is_told_to(offset):
    expected = load("samplers", "sequential_partition").start_probability(*SIZES, offset)
    assert (counted("sequential_partition", offset, 1) == expected).all()


@pytest.mark.parametrize("offset", [0, 3])
def test_random_sampling_starts_as_often_as_it_is_told_to(offset):
    expected = load("samplers", "random_sampling").start_probability(*SIZES, offset)
    found = counted("random_sampling", offset, 2000)
    assert ((found > 0) == (expected > 0)).all()
    assert np.abs(found - expected).max() < 5 * 0.5 / np.sqrt(2000)


@every_sampler
@given(
    batch_size=st.integers(1, 4),
    num_steps=st.integers(1, 6),
    more=st.integers(0, 60),
)
@settings(deadline=None)
def test_as_many_tokens_are_expected_as_an_epoch_reads(sampler, batch_size, num_steps, more):
    num_tokens = tokens_needed(batch_size, num_steps) + more
    module, text = load("samplers", sampler), torch.arange(num_tokens)
    for offset in range(num_steps):
        epoch = module.minibatches(text, batch_size, num_steps, Offset(offset, 1))
        starts = module.start_probability(num_tokens, batch_size, num_steps, offset)
        read = coverage.read(starts, num_steps)
        assert read.sum() == pytest.approx(sum(X.numel() for X, _ in epoch))
        assert read.min() >= 0 and read.max() <= 1 + 1e-9
        assert read[-1] == pytest.approx(0)  # the last token can only be a label


def test_far_from_the_ends_random_sampling_reads_every_position_alike():
    starts = coverage.starts("random_sampling", (1000, 4, 7), coverage.uniform(7))
    read = coverage.read(starts, 7)
    assert np.ptp(read[7:-14]) < 1e-12
    assert read[0] == pytest.approx(read[7] / 7, rel=0.01)  # by one offset of seven alone


def test_a_sequential_partition_leaves_stripes_that_no_offset_reads():
    sizes, weights = (10_000, 32, 35), coverage.uniform(35)
    found, random = (
        coverage.summary(coverage.starts(sampler, sizes, weights), 35)
        for sampler in ("sequential_partition", "random_sampling")
    )
    assert found["never_read"] > random["never_read"] == 1
    assert found["start_distance"] > random["start_distance"]


def test_starts_drawn_uniformly_have_no_distance_from_uniform():
    even = np.zeros(100)
    even[:93] = 0.1
    assert coverage.summary(even, 7)["start_distance"] == pytest.approx(0, abs=1e-12)
    single = np.zeros(100)
    single[0] = 1
    assert coverage.summary(single, 7)["start_distance"] == pytest.approx(92 / 93)


def test_the_last_offset_of_the_book_repeats_the_first():
    weights = coverage.book(SIZES[2])
    assert len(weights) == SIZES[2] + 1
    assert [weights.sum(), coverage.gaussian(SIZES[2]).sum()] == pytest.approx([1, 1])


@every_sampler
@pytest.mark.parametrize(("batch_size", "num_steps"), [(1, 5), (1, 1), (2, 1), (3, 4)])
def test_the_shortest_text_that_is_allowed_can_be_told_of(sampler, batch_size, num_steps):
    """The book's last offset may leave no subsequence at all."""
    sizes = (tokens_needed(batch_size, num_steps), batch_size, num_steps)
    rows = list(coverage.rows([sampler], sizes, 3, 1))
    assert len(rows) == len(coverage.OFFSETS)
    assert all(0 <= row["start_distance"] <= 1 for row in rows)


@every_sampler
def test_a_sampler_keeps_to_its_probabilities(sampler):
    found = coverage.simulation(sampler, (600, 4, 7), 1500, seed=1)
    assert min(found["p_places"], found["p_phases"]) > 0.001


@every_sampler
def test_a_sampler_that_does_not_is_found(sampler, monkeypatch):
    """Probabilities of a sampler that reads another way are not its own."""
    own = load("samplers", sampler).start_probability
    other = next(name for name in SAMPLERS if load("samplers", name).start_probability is not own)
    strange = load("samplers", other).start_probability
    monkeypatch.setattr(load("samplers", sampler), "start_probability", strange)
    found = coverage.simulation(sampler, (600, 4, 7), 1500, seed=1)
    assert min(found["p_places"], found["p_phases"]) < 1e-6


def test_counts_where_none_are_expected_are_found():
    assert coverage.pearson(np.array([5, 5, 1]), np.array([5.5, 5.5, 0])) == 0
    assert coverage.pearson(np.array([5, 5, 0]), np.array([5.0, 5.0, 0])) == 1
