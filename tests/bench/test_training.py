"""Hot paths of training, at the sizes of the default study: an epoch of minibatches, one step."""

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from rnnbench.base import presets
from rnnbench.base.plugins import load, names
from rnnbench.machine import identity
from rnnbench.training import samplers
from rnnbench.training.arithmetic import precision
from rnnbench.training.engines.agreement import why_not
from rnnbench.training.model import build
from rnnbench.training.update import by

BATCH_SIZE, NUM_STEPS, HIDDEN_SIZE, VOCAB_SIZE, NUM_TOKENS = 32, 35, 64, 28, 10_000


def generator() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(1))


@pytest.mark.parametrize("sampler", names("samplers"))
def test_epoch(benchmark: BenchmarkFixture, sampler: str) -> None:
    text, minibatches = torch.arange(NUM_TOKENS), load("samplers", sampler).minibatches
    samplers.check_size(NUM_TOKENS, BATCH_SIZE, NUM_STEPS)
    pairs = benchmark(lambda: list(minibatches(text, BATCH_SIZE, NUM_STEPS, generator())))
    assert pairs
    assert all(torch.equal(X + 1, Y) and X.shape == (NUM_STEPS, BATCH_SIZE) for X, Y in pairs)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
@pytest.mark.parametrize(
    ("variant", "implementation"), list(presets.pairs(presets.table(), names("implementations")))
)
def test_step(benchmark: BenchmarkFixture, variant: str, implementation: str, device: str) -> None:
    skip_what_cannot_train(variant, implementation, device)
    precision.use("float32")
    model = build(variant, VOCAB_SIZE, HIDDEN_SIZE, generator()).to(device)
    text = torch.from_numpy(generator().integers(VOCAB_SIZE, size=(NUM_STEPS + 1, BATCH_SIZE)))
    X, Y = text[:-1].to(device), text[1:].to(device)
    engine = by(implementation, variant, model)

    def step(learning_rate: float) -> float:
        return float(
            engine.step(engine.model, X, Y, None, 1.0, learning_rate)[0]
        )  # waits for the device

    before = benchmark(step, 0.0)  # so that every round has the same weights
    step(1.0)
    assert step(0.0) < before


def skip_what_cannot_train(variant: str, implementation: str, device: str) -> None:
    if implementation == "compiled":
        pytest.skip("compiling takes a minute; the campaign of timings has it")
    reason = identity.unavailable().get(device)
    if reason := reason or why_not(variant, implementation, device, "float32"):
        pytest.skip(reason)
