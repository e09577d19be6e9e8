"""Laws of the gate: right training steps pass, wrong ones do not."""

import dataclasses
import math
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timings
import torch

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.training import implementations
from rnnbench.training.engines import agreement, reference
from rnnbench.training.engines.agreement import AGREES, DIFFERS, NOT_AVAILABLE, check
from rnnbench.training.engines.tolerances import TOLERANCES
from rnnbench.training.model import build

TIMING = dataclasses.replace(timings.TIMING, batch_size=5, num_steps=11, hidden_size=9)
TOKENS = (np.arange(900) ** 2 % 13 % 7).astype(np.uint8)
VOCAB_SIZE = 7

WRONG = {
    "gradient": "for p in model.layer.parameters():\n            p.grad.mul_(1.001)",
    "loss": "loss = loss * 1.001",
    "followed": "clip_norm = 2 * clip_norm",
    "state": "state = state * 0.9",
}


WORK = list(presets.pairs(presets.table(), names("implementations")))
why_not = partial(agreement.why_not, device="cpu", dtype="float32")
every_work = pytest.mark.parametrize(("variant", "implementation"), WORK)


@every_work
def test_every_model_agrees_by_every_implementation_or_is_told_why_not(variant, implementation):
    """By the sampler that carries the state from one minibatch to the next."""
    timing = dataclasses.replace(TIMING, variant=variant, implementation=implementation)
    found = check(timing, TOKENS, VOCAB_SIZE)
    if found.status == NOT_AVAILABLE:
        assert found.reason
        pytest.skip(found.reason)
    assert (found.status, found.reason) == (AGREES, "")
    for name, bound in TOLERANCES["float32"].items():
        assert getattr(found, name) <= bound


@pytest.mark.parametrize("sampler", names("samplers"))
@pytest.mark.parametrize("implementation", names("implementations"))
def test_every_implementation_agrees_by_every_sampler(implementation, sampler):
    able = (v for v, way in WORK if way == implementation and not why_not(v, way))
    variant = next(able, None) or pytest.skip(f"{implementation} is not available here")
    timing = dataclasses.replace(TIMING, variant=variant, implementation=implementation)
    assert check(dataclasses.replace(timing, sampler=sampler), TOKENS, VOCAB_SIZE).status == AGREES


def test_every_model_is_trained_by_its_own_implementation_and_almost_every_one_by_the_native_one():
    """A loop whose function torch.nn has is timed natively as that."""
    can = {work for work in WORK if presets.refusal(*work, "cpu", "float32") is None}
    assert can >= {(variant, presets.own(variant)) for variant in presets.table()}
    assert {*presets.table()} - {variant for variant, way in can if way == "fused"} == {
        *("rnn_scratch", "gru_scratch", "lstm_scratch", "lstm_bidirectional", "transformer"),
    }


@every_work
def test_float64_is_compared_to_its_own_bounds(variant, implementation):
    timing = dataclasses.replace(TIMING, variant=variant, implementation=implementation)
    timing = dataclasses.replace(timing, dtype="float64")
    found = check(timing, TOKENS, VOCAB_SIZE)
    if agreement.why_not(variant, implementation, "cpu", "float64"):
        assert found.status == NOT_AVAILABLE
    else:
        assert found.status == AGREES
        assert max(found.loss, found.gradient, found.logits, found.followed) <= 1e-9


def test_a_text_shorter_than_a_minibatch_is_refused_and_not_read_for_ever():
    with pytest.raises(StudyError, match=r"expected at least 66 tokens.*found 65"):
        check(TIMING, TOKENS[:65], VOCAB_SIZE)
    assert check(TIMING, TOKENS[:66], VOCAB_SIZE).status == AGREES


COMPILE = """
import dataclasses, sys
sys.path[:0] = "tests", "tests/training"
from test_agreement import TIMING, TOKENS, VOCAB_SIZE, check
for variant in sys.argv[1:]:
    timing = dataclasses.replace(
        TIMING, variant=variant, implementation="compiled", num_steps=2
    )
    print(check(timing, TOKENS, VOCAB_SIZE).status)
"""


def test_a_cell_agrees_when_it_is_compiled(tmp_path):
    compiled = ["lstm_scratch"]
    if why := load("implementations", "compiled").missing():
        pytest.skip(why)
    environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    environment["TORCH_COMPILE_DISABLE"] = "0"
    command = [sys.executable, "-c", COMPILE, *compiled]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.stdout.split() == [AGREES] * len(compiled), done.stderr
    assert any(tmp_path.rglob("*.so"))


@pytest.fixture
def dropped(tmp_path):
    """Write an implementation that is update.step with one line more, and name it."""
    loaded = []

    def drop(name: str, line: str, module_end: str = "") -> str:
        (tmp_path / f"{name}.py").write_text(
            "from rnnbench.training import update\n"
            "LAYOUT = 'torch_nn'\n"
            "def step(model, X, Y, state, clip_norm, rate):\n"
            "    loss, state = update.forward_backward(model, X, Y, state)\n"
            f"    if True:\n        {line}\n"
            "    norm = update.clip_gradients(model, clip_norm)\n"
            "    update.descend(model, rate)\n"
            "    return loss, norm, state\n" + module_end
        )
        loaded.append(f"rnnbench.training.implementations.{name}")
        return name

    implementations.__path__.append(str(tmp_path))
    yield drop
    implementations.__path__.remove(str(tmp_path))
    for name in loaded:
        sys.modules.pop(name, None)


def test_the_implementation_that_the_document_shows_agrees(tmp_path, request):
    document = Path(__file__).parents[2] / "docs/own_variant.md"
    (code,) = re.findall(r"```python\n(.*?)```", document.read_text(), re.S)
    (tmp_path / "shown.py").write_text(code)
    implementations.__path__.append(str(tmp_path))
    request.addfinalizer(lambda: implementations.__path__.remove(str(tmp_path)))
    timing = dataclasses.replace(TIMING, variant="gru", implementation="shown")
    assert check(timing, TOKENS, VOCAB_SIZE).status == AGREES
    assert check(dataclasses.replace(timing, variant="rnn"), TOKENS, VOCAB_SIZE).reason == (
        "shown can do cell gru, and not rnn"
    )
    sys.modules.pop("rnnbench.training.implementations.shown")


def test_a_step_of_its_own_that_is_right_agrees(dropped):
    timing = dataclasses.replace(TIMING, implementation=dropped("right", "pass"))
    assert check(timing, TOKENS, VOCAB_SIZE).status == AGREES


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_step_is_refused_with_what_is_wrong(wrong, dropped):
    timing = dataclasses.replace(TIMING, implementation=dropped(f"wrong_{wrong}", WRONG[wrong]))
    found = check(timing, TOKENS, VOCAB_SIZE)
    assert found.status == DIFFERS
    if wrong != "state":
        assert wrong in found.reason


WORDS = dataclasses.replace(TIMING, variant="gru", hidden_size=16, num_steps=8)
WORD_TOKENS = np.random.Generator(np.random.PCG64(3)).zipf(1.3, 800) % 10_000
WRONG_NORM = """
right = step
def step(*given):
    loss, norm, state = right(*given)
    return loss, 1.001 * norm, state
"""


def test_a_right_step_agrees_however_many_weights_its_norm_sums():
    found = check(WORDS, WORD_TOKENS, 10_000)
    assert (found.status, found.reason) == (AGREES, "")


@pytest.mark.parametrize("wrong", [("pass", WRONG_NORM), ("clip_norm = 1.001 * clip_norm", "")])
def test_a_norm_that_is_off_by_a_thousandth_is_refused_on_many_weights_too(wrong, dropped):
    timing = dataclasses.replace(WORDS, implementation=dropped(f"norm_{len(wrong[0])}", *wrong))
    assert check(timing, WORD_TOKENS, 10_000).status == DIFFERS


def test_a_step_that_gives_nan_is_refused(dropped):
    timing = dataclasses.replace(
        TIMING, implementation=dropped("nan", "loss = loss * float('nan')")
    )
    found = check(timing, TOKENS, VOCAB_SIZE)
    assert found.status == DIFFERS
    assert math.isnan(found.loss)


def test_an_implementation_that_lacks_something_here_gives_its_own_reason(dropped):
    end = "def missing(): return 'no such compiler'\n"
    timing = dataclasses.replace(TIMING, implementation=dropped("absent", "pass", end))
    found = check(timing, TOKENS, VOCAB_SIZE)
    assert (found.status, found.reason) == (NOT_AVAILABLE, "no such compiler")


@pytest.mark.parametrize("variant", ["rnn", "rnn_relu", "gru_deep", "lstm_bidirectional"])
def test_the_reference_is_what_torch_nn_computes(variant):
    generator = np.random.Generator(np.random.PCG64(1))
    model = build(variant, VOCAB_SIZE, 9, generator, torch.float64)
    X = torch.from_numpy(TOKENS[:33].astype(np.int64)).view(11, 3)
    twin = reference.of(model)
    assert not isinstance(twin.layer, type(model.layer))
    torch.testing.assert_close(twin(X)[0], model(X)[0], rtol=0, atol=1e-12)


def test_the_reference_of_a_loop_is_the_loop():
    generator = np.random.Generator(np.random.PCG64(1))
    model = build("gru_scratch", VOCAB_SIZE, 9, generator)
    assert isinstance(reference.of(model).layer, load("cells", "gru").Layer)


def test_jax_keeps_the_threads_that_it_started_with():
    if why := presets.lacking("jax"):
        pytest.skip(why)
    jitted = load("implementations", "jax").jitted
    assert jitted(torch.get_num_threads()) is jitted(torch.get_num_threads())
    with pytest.raises(StudyError, match="expected the threads it started with"):
        jitted(torch.get_num_threads() + 1)
