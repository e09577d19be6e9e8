"""Laws of the samplers, for every file of the package."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.training.samplers import check_size, tokens_needed

SAMPLERS = names("samplers")
FIXED = "sequential_fixed"
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS)
every_drawn = pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != FIXED])
sizes = given(
    batch_size=st.integers(1, 4),
    num_steps=st.integers(1, 6),
    more=st.integers(0, 60),
    seed=st.integers(0, 2**32),
)


def epoch(sampler, num_tokens, batch_size, num_steps, seed):
    """Minibatches over the text 0, 1, 2, ...: a token is its own position."""
    generator = np.random.Generator(np.random.PCG64(seed))
    module = load("samplers", sampler)
    return list(module.minibatches(torch.arange(num_tokens), batch_size, num_steps, generator))


def long_enough(batch_size, num_steps, more):
    return tokens_needed(batch_size, num_steps) + more


@every_sampler
@sizes
def test_every_minibatch_has_the_shape_it_was_asked_for(sampler, batch_size, num_steps, more, seed):
    pairs = epoch(sampler, long_enough(batch_size, num_steps, more), batch_size, num_steps, seed)
    assert pairs
    assert {part.shape for pair in pairs for part in pair} == {(num_steps, batch_size)}


@every_sampler
@sizes
def test_the_labels_are_the_text_one_token_later(sampler, batch_size, num_steps, more, seed):
    num_tokens = long_enough(batch_size, num_steps, more)
    for X, Y in epoch(sampler, num_tokens, batch_size, num_steps, seed):
        assert torch.equal(Y, X + 1)
        assert torch.equal(X, X[0] + torch.arange(num_steps)[:, None])
        assert X.min() >= 0
        assert Y.max() < num_tokens


@every_sampler
@sizes
def test_no_token_is_read_twice_in_an_epoch_and_few_are_left_out(
    sampler, batch_size, num_steps, more, seed
):
    num_tokens = long_enough(batch_size, num_steps, more)
    pairs = epoch(sampler, num_tokens, batch_size, num_steps, seed)
    read = torch.cat([X.flatten() for X, _ in pairs])
    assert len(read) == len(read.unique())
    left_out = num_tokens - len(read)
    assert left_out < num_steps + batch_size * num_steps + batch_size


@every_drawn
def test_the_same_seed_gives_the_same_minibatches_and_another_seed_does_not(sampler):
    first, again, other = (epoch(sampler, 300, 3, 7, seed) for seed in (1, 1, 2))
    assert len(first) == len(again)
    for (X, Y), (X_again, Y_again) in zip(first, again, strict=True):
        assert torch.equal(X, X_again)
        assert torch.equal(Y, Y_again)
    assert not torch.equal(first[0][0], other[0][0])


def test_where_nothing_is_drawn_every_epoch_reads_the_same_from_the_first_token_on():
    epochs = [epoch(FIXED, 300, 3, 7, seed) for seed in (1, 2)]
    assert int(epochs[0][0][0][0, 0]) == 0
    for (X, Y), (X_again, Y_again) in zip(*epochs, strict=True):
        assert torch.equal(X, X_again) and torch.equal(Y, Y_again)


@every_drawn
def test_one_generator_gives_another_epoch_each_time(sampler):
    generator = np.random.Generator(np.random.PCG64(1))
    minibatches = load("samplers", sampler).minibatches
    epochs = [list(minibatches(torch.arange(300), 3, 7, generator)) for _ in range(8)]
    assert len({tuple(X[0].tolist()) for (X, _), *_ in epochs}) > 1


@every_drawn
@pytest.mark.parametrize("num_steps", [1, 2, 5])
def test_an_epoch_starts_at_every_offset_below_num_steps_and_at_no_other(sampler, num_steps):
    num_tokens = 40 * num_steps
    offsets = set()
    for seed in range(40 * num_steps):
        pairs = epoch(sampler, num_tokens, 1, num_steps, seed)
        offsets.add(min(int(X.min()) for X, _ in pairs))
    assert offsets == set(range(num_steps))


@every_sampler
@sizes
def test_the_shortest_text_gives_one_minibatch_whatever_the_offset(
    sampler, batch_size, num_steps, more, seed
):
    needed = tokens_needed(batch_size, num_steps)
    assert len(epoch(sampler, needed, batch_size, num_steps, seed)) == 1


@every_drawn
def test_one_token_less_than_needed_can_leave_nothing(sampler):
    needed = tokens_needed(3, 5)
    assert not all(epoch(sampler, needed - 1, 3, 5, seed) for seed in range(50))


@sizes
def test_a_text_too_short_for_a_minibatch_is_a_mistake_of_the_study(
    batch_size, num_steps, more, seed
):
    needed = tokens_needed(batch_size, num_steps)
    check_size(needed + more, batch_size, num_steps)
    with pytest.raises(StudyError, match=f"expected at least {needed} tokens.*found {needed - 1}"):
        check_size(needed - 1, batch_size, num_steps)


@every_sampler
def test_a_state_is_carried_only_where_every_row_reads_on(sampler):
    reads_on = all(
        torch.equal(before[-1] + 1, after[0])
        for seed in range(5)
        for (before, _), (after, _) in pairwise(epoch(sampler, 300, 3, 7, seed))
    )
    assert reads_on or not load("samplers", sampler).carries_state
    assert reads_on == sampler.startswith("sequential")


@sizes
def test_the_book_resets_the_state_over_the_minibatches_of_sequential_partitioning(
    batch_size, num_steps, more, seed
):
    size = (long_enough(batch_size, num_steps, more), batch_size, num_steps, seed)
    carried, reset = epoch("sequential_partition", *size), epoch("sequential_reset", *size)
    assert len(carried) == len(reset)
    for (X, Y), (X_reset, Y_reset) in zip(carried, reset, strict=True):
        assert torch.equal(X, X_reset) and torch.equal(Y, Y_reset)
    assert load("samplers", "sequential_partition").carries_state
    assert not load("samplers", "sequential_reset").carries_state


def test_random_sampling_shuffles_the_subsequences():
    starts = torch.cat([X[0] for X, _ in epoch("random_sampling", 3_000, 4, 5, 1)]).tolist()
    assert starts != sorted(starts)
    assert {later - earlier for earlier, later in pairwise(sorted(starts))} <= {5, 10, 15, 20}


def test_rows_of_the_sequential_partition_read_equal_parts_of_the_text():
    pairs = epoch("sequential_partition", 301, 3, 7, 1)
    rows = torch.cat([X for X, _ in pairs]).T
    assert {later - earlier for earlier, later in pairwise(rows[:, 0].tolist())} == {
        (300 - int(rows[0, 0])) // 3
    }
