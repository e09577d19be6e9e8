"""Laws of the CUDA graphs, and of the types of number on CUDA; a stand-in records on the CPU."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from timings import TIMING, TOKENS, VOCAB_SIZE

from rnnbench.timing.work import speed
from rnnbench.training.arithmetic import precision
from rnnbench.training.engines import agreement, tolerances
from rnnbench.training.implementations import graphed
from rnnbench.training.model import build, detach
from rnnbench.training.update import step as plain_step

GRAPHED = ["rnn_scratch", "gru_scratch", "lstm_scratch"]
every_graphed = pytest.mark.parametrize("variant", GRAPHED)


@pytest.fixture
def recorder(monkeypatch):
    """A record that a CPU can replay: it does the work again, in the memory it was given."""
    made = []

    def record(work):
        for _ in range(graphed.WARM_UP_STEPS + 1):
            work()
        made.append(work)
        return work

    monkeypatch.setattr(graphed, "record", record)
    return made


def by_graphs(variant, **fields):
    return dataclasses.replace(TIMING, variant=variant, **{"implementation": "graphed"} | fields)


def model(variant: str):
    generator = np.random.Generator(np.random.PCG64(1))
    return build(variant, VOCAB_SIZE, 7, generator, torch.float64)


def minibatches(number: int):
    generator = torch.Generator().manual_seed(1)
    for _ in range(number):
        tokens = torch.randint(VOCAB_SIZE, (5, 3), generator=generator)
        yield tokens, tokens.roll(1, 0)


@every_graphed
def test_replayed_steps_are_those_of_the_scratch_cell_with_a_carried_state(variant, recorder):
    one, other = model(variant), model(variant)
    states, told = (None, None), []
    for X, Y in minibatches(4):
        mine = graphed.step(one, X, Y, states[0], 0.5, 1.0)
        theirs = plain_step(other, X, Y, detach(states[1]), 0.5, 1.0)
        for found, expected in zip(mine[:2], theirs[:2], strict=True):
            torch.testing.assert_close(found, expected)
        states = mine[2], theirs[2]
        told.append((mine[0], float(mine[0])))
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    assert all(float(loss) == then for loss, then in told)  # later steps leave it alone
    assert len(recorder) == 1


@every_graphed
def test_a_step_is_recorded_anew_for_other_shapes_and_rates(variant, recorder):
    one, step = model(variant), graphed.step
    (X, Y), *_ = minibatches(1)
    for tokens, labels, rate in ((X, Y, 1.0), (X[:4], Y[:4], 1.0), (X[:4], Y[:4], 0.5)):
        step(one, tokens, labels, None, 1.0, rate)
    assert len(recorder) == 3


@every_graphed
def test_without_a_gpu_a_row_says_what_is_needed(variant):
    timing = by_graphs(variant, device="cpu")
    found = agreement.check(timing, TOKENS, VOCAB_SIZE)
    assert found.status == agreement.NOT_AVAILABLE
    assert "device cuda, and not cpu" in found.reason


def test_tf32_is_refused_on_the_cpu_and_no_limit_of_it_is_asked_for_there():
    timing = dataclasses.replace(TIMING, dtype="tf32")
    assert "TF32" in agreement.check(timing, TOKENS, VOCAB_SIZE).reason
    assert precision.unavailable("cuda", "tf32") is None


@pytest.mark.parametrize(
    ("variant", "way"), [("rnn", "torch_nn"), ("gru_scratch", "loop"), ("lstm", "manual")]
)
def test_bfloat16_is_timed_on_the_cpu_within_its_own_bounds(variant, way):
    timing = dataclasses.replace(TIMING, variant=variant, implementation=way, dtype="bfloat16")
    found = agreement.check(timing, TOKENS, VOCAB_SIZE)
    assert found.status == agreement.AGREES, found.reason
    assert found.logits > tolerances.TOLERANCES["float32"]["logits"]
    assert list(itertools.islice(speed.training_steps(timing, TOKENS, VOCAB_SIZE), 2))


@pytest.mark.parametrize(("dtype", "allowed"), [("tf32", True), ("float32", False)])
def test_tf32_is_allowed_for_its_own_rows_and_for_no_other(dtype, allowed):
    precision.use(dtype)
    flags = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    precision.use("float32")
    assert flags == (allowed, allowed)
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", ["float32", "tf32", "bfloat16"])
@pytest.mark.parametrize(
    ("variant", "way"),
    [*((name, "torch_nn") for name in ("rnn", "gru", "lstm")), *((n, "graphed") for n in GRAPHED)],
)
def test_on_a_gpu_every_type_of_number_agrees_within_its_bounds(variant, way, dtype):
    precision.use(dtype)
    timing = by_graphs(variant, implementation=way, device="cuda", dtype=dtype)
    found = agreement.check(timing, TOKENS, VOCAB_SIZE)
    precision.use("float32")
    assert found.status == agreement.AGREES, found.reason


@pytest.mark.cuda
@every_graphed
def test_on_a_gpu_steps_are_timed(variant):
    timing = by_graphs(variant, device="cuda")
    assert list(itertools.islice(speed.training_steps(timing, TOKENS, VOCAB_SIZE), 3)) == [20] * 3
