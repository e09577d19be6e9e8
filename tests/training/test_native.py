"""Laws of the native training step: what torch computes, on every instruction set there is."""

import copy
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.training import initial, native, update
from rnnbench.training.engines import agreement, layouts
from rnnbench.training.implementations import fused
from rnnbench.training.implementations.torch_nn import Embedded
from rnnbench.training.model import LanguageModel, detach

needs_library = pytest.mark.skipif(native.missing() is not None, reason=str(native.missing()))
needs_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C++ compiler")
ISAS = ["portable"] if native.missing() else list(native.supported())
every_isa = pytest.mark.parametrize("isa", ISAS)
CELLS = fused.LIMITS["cell"]
RECTIFIED = ["rnn_relu", "indrnn"]  # where rounding moves an input over 0, the gradient jumps


@pytest.fixture
def use(monkeypatch):
    """Train on a certain instruction set."""
    return lambda isa: monkeypatch.setenv("RNNBENCH_ISA", isa)


def twins(
    cell: str, hidden_size: int, num_layers=1, vocab_size=7, embedding_size=0
) -> list[LanguageModel]:
    """A model to train natively and the same model for torch."""
    layout = "torch_nn" if hasattr(load("cells", cell).Layer, "library") else "loop"
    embedding_size *= layout == "torch_nn"
    preset = presets.Model(cell, num_layers, False, embedding_size, "uniform", layout)
    layer = load("implementations", layout).build(preset, vocab_size, hidden_size)
    model = LanguageModel(layer, vocab_size)
    generator = np.random.Generator(np.random.PCG64(hidden_size))
    initial.draw(model, hidden_size, initial.uniform, generator)
    return [model, copy.deepcopy(model)]


def native_step(model, *rest):
    """Train a model, or one in the same memory that the native step can read."""
    of_torch = isinstance(model.layer, nn.RNNBase | Embedded)
    return fused.step(model if of_torch else layouts.library(model), *rest)


def without_hidden_biases(models):
    """Models whose biases of the hidden side stay as they are."""
    for model in models:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("bias_hh" not in name)
    return models


def minibatch(num_steps: int, batch_size: int, vocab_size: int = 7, seed: int = 1):
    generator = np.random.Generator(np.random.PCG64(seed))
    tokens = generator.integers(vocab_size, size=(num_steps + 1, batch_size))
    return torch.from_numpy(tokens[:-1]), torch.from_numpy(tokens[1:])


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def same_after(model, twin, X, Y, num_updates=2, clip_norm=0.5, rate=0.5):
    """Train both from a carried state and compare all there is to compare."""
    states = None, None
    for _ in range(num_updates):
        mine = native_step(model, X, Y, states[0], clip_norm, rate)
        other = update.step(twin, X, Y, detach(states[1]), clip_norm, rate)
        torch.testing.assert_close(mine[0], other[0], rtol=2e-6, atol=1e-7)
        torch.testing.assert_close(mine[1], other[1], rtol=2e-5, atol=1e-7)
        ends = (torch.stack(parts(step[2])).detach().flatten() for step in (mine, other))
        torch.testing.assert_close(*ends, rtol=1e-4, atol=2e-6)
        states = mine[2], other[2]
    for one, two in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=2e-6)


@needs_library
@every_isa
@given(
    cell=st.sampled_from(sorted({*CELLS} - {*RECTIFIED})),
    hidden_size=st.integers(1, 70),
    batch_size=st.integers(1, 9),
    num_steps=st.integers(1, 6),
    num_layers=st.integers(1, 3),
    vocab_size=st.integers(1, 40),
    embedding_size=st.one_of(st.just(0), st.integers(1, 40)),
    freeze=st.sampled_from([lambda models: models, without_hidden_biases]),
)
@settings(max_examples=60)
def test_any_size_trains_as_torch_does(
    isa, cell, hidden_size, batch_size, num_steps, num_layers, vocab_size, embedding_size, freeze
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNBENCH_ISA", isa)
        models = freeze(twins(cell, hidden_size, num_layers, vocab_size, embedding_size))
        same_after(*models, *minibatch(num_steps, batch_size, vocab_size))


@needs_library
@every_isa
def test_products_that_are_cut_in_several_pieces_train_as_torch_does(isa, use):
    use(isa)
    hidden_size, rows = 300, 20 * 9  # both longer than what vec.h takes at once
    same_after(*twins("lstm", hidden_size), *minibatch(20, rows // 20))


@needs_library
@every_isa
@pytest.mark.parametrize("cell", RECTIFIED)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_rectified_units_train_as_torch_does(cell, num_layers, isa, use):
    use(isa)
    same_after(*twins(cell, 33, num_layers), *minibatch(5, 4))


def test_every_cell_that_has_a_mode_trains_natively_and_has_its_row_of_the_table():
    layers = {cell: load("cells", cell).Layer for cell in names("cells")}
    modes = {cell: layer.mode for cell, layer in layers.items() if hasattr(layer, "mode")}
    assert sorted(modes) == sorted(CELLS) and sorted(modes.values()) == sorted(layouts.GATES)
    table = (native.FOLDER / "cells.h").read_text()
    in_order = re.findall(r"forward<(\w+)>, backward<\1>\}", table)
    assert in_order == [mode.removeprefix("RNN_") for mode in layouts.GATES]


@needs_library
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("hidden_size", [20, 128])
def test_threads_share_the_work_and_change_no_result(cell, hidden_size):
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        same_after(*twins(cell, hidden_size, 2), *minibatch(7, 5))
        same_after(*twins(cell, hidden_size, 2, 7, 19), *minibatch(7, 5))
        same_after(*twins(cell, hidden_size), *minibatch(7, 2))
    finally:
        torch.set_num_threads(threads)


@needs_library
def test_a_minibatch_of_another_size_gets_a_workspace_of_its_own():
    model, twin = twins("gru", 9)
    for num_steps, batch_size in ((5, 4), (3, 2), (5, 4)):
        same_after(model, twin, *minibatch(num_steps, batch_size))


@needs_library
@every_isa
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_numbers_that_are_not_finite_come_through_as_in_torch(cell, value, isa, use):
    use(isa)
    model, twin = twins(cell, 17)
    for one in (model, twin):
        with torch.no_grad():
            one.output.weight[2, 3] = value
    X, Y = minibatch(4, 3)
    mine = native_step(model, X, Y, None, 1.0, 0.5)
    other = update.step(twin, X, Y, None, 1.0, 0.5)
    assert bool(mine[0].isfinite()) == bool(other[0].isfinite())
    assert bool(mine[1].isfinite()) == bool(other[1].isfinite())
    for one, two in zip(model.parameters(), twin.parameters(), strict=True):
        assert bool(one.isfinite().all()) == bool(two.isfinite().all())


@needs_library
def test_weights_stay_where_they_are_and_new_states_have_memory_of_their_own():
    model, _ = twins("lstm", 5)
    places = [p.data_ptr() for p in model.parameters()]
    X, Y = minibatch(3, 2)
    _, _, first = fused.step(model, X, Y, None, 1.0, 0.1)
    kept = [part.clone() for part in first]
    _, _, second = fused.step(model, X, Y, first, 1.0, 0.1)
    assert [p.data_ptr() for p in model.parameters()] == places
    assert all(map(torch.equal, first, kept))
    assert not any(map(torch.equal, first, second))


MISTAKES = {
    "tokens: expected 0 to 6, found 0 to 7": lambda m, X, Y, s: (m, X + (X == 6) * 1, Y, s),
    "tokens of torch.int64": lambda m, X, Y, s: (m, X.int(), Y, s),
    "weights of torch.float32": lambda m, X, Y, s: (m.double(), X, Y, s),
    "states \\(num_layers, B, hidden_size\\)": lambda m, X, Y, s: (m, X, Y, s[:, :1]),
    "expected tokens and labels \\(T, B\\)": lambda m, X, Y, s: (m, X, Y[1:], s),
}


@needs_library
@pytest.mark.parametrize("message", MISTAKES)
def test_what_the_native_step_cannot_read_is_refused_with_words(message):
    model, _ = twins("rnn", 5)
    X = torch.arange(14).view(7, 2) % 7
    before = [p.detach().clone() for p in model.parameters()]
    model, X, Y, state = MISTAKES[message](model, X, X.clone(), torch.zeros(1, 2, 5))
    with pytest.raises(StudyError, match=message):
        fused.step(model, X, Y, state, 1.0, 0.1)
    for one, two in zip(model.parameters(), before, strict=True):
        assert torch.equal(one.float(), two)


STARVED = """
import resource, sys
from torch import nn
from rnnbench.base.errors import UserError
from rnnbench.training.model import LanguageModel
from rnnbench.training.implementations import fused
model = LanguageModel(nn.RNN(7, 8), 7)
T, threads = int(sys.argv[1]), int(sys.argv[2])
first = fused.Workspace(model, 3, 2, 2, 1)  # all is loaded
here = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (here + 2**28, -1))
try:
    fused.Workspace(model, T, 2, threads, 1)
except UserError as error:
    print(error)
print("alive")
"""


@needs_library
@pytest.mark.skipif(sys.platform != "linux", reason="how much memory there is, is limited here")
@pytest.mark.parametrize(
    ("T", "threads", "expected"),
    [(10, 400, "expected 400 threads"), (10_000_000, 2, "expected memory for 10000000 x 2 tokens")],
)
def test_threads_or_memory_that_the_system_does_not_give_are_told_in_words(T, threads, expected):
    """400 stacks do not fit into 256 MiB of addresses, nor do 20 million rows of 8 units."""
    command = [sys.executable, "-c", STARVED, str(T), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, last = done.stdout.splitlines()
    assert expected in said and last == "alive"


@needs_library
def test_a_bidirectional_layer_is_refused():
    model = LanguageModel(nn.GRU(7, 5, bidirectional=True), 7)
    with pytest.raises(StudyError, match="one-directional"):
        fused.step(model, *minibatch(3, 2), None, 1.0, 0.1)


@needs_library
@pytest.mark.parametrize("fixed", ["layer.weight_hh_l0", "layer.bias_hh_l1", "output.bias"])
def test_weights_that_the_native_step_would_train_all_the_same_are_refused(fixed):
    model, _ = twins("lstm", 5, 2)
    model.get_parameter(fixed).requires_grad_(False)
    with pytest.raises(StudyError, match=f"found {fixed} without a gradient"):
        fused.step(model, *minibatch(3, 2), None, 1.0, 0.1)


@needs_library
def test_an_instruction_set_that_is_not_there_is_named(use):
    use("neon9000")
    with pytest.raises(native.NativeError, match=r"expected one of portable.*found neon9000"):
        native.load()


@pytest.mark.parametrize("variant", ["rnn", "gru", "lstm_deep"])
def test_devices_and_types_without_a_native_step_are_told_in_words(variant):
    refusal = partial(presets.refusal, variant, "fused")
    assert "device cpu, and not cuda" in refusal("cuda", "float32")
    assert "dtype float32, and not float64" in refusal("cpu", "float64")


# Building


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The source in a folder where nothing is built yet."""
    for path in native.sources():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    return tmp_path


def compiler_that(tmp_path, monkeypatch, does: str) -> None:
    """Put a compiler of our own in the place of the machine's."""
    fake = tmp_path / "fake-c++"
    fake.write_text(f"#!{sys.executable}\nimport sys\n{does}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))


WRITES = "open(sys.argv[-1], 'w').write('library')"


def test_a_build_is_done_once_and_again_when_the_source_changes(copied, monkeypatch):
    compiler_that(copied, monkeypatch, WRITES)
    assert native.missing().startswith("not built")
    first = native.build()
    assert [path.exists() for path in first] == [True] * len(native.isas())
    assert native.missing() is None
    assert native.build() == []
    (copied / "vec.h").write_text("// edited")
    assert native.missing().startswith("not built")
    second = native.build()
    assert set(copied.glob("*.so")) == set(second)
    assert not set(first) & set(second)


def test_machines_of_several_kinds_build_and_load_side_by_side(copied, monkeypatch):
    compiler_that(copied, monkeypatch, WRITES)
    first = native.build()
    monkeypatch.setattr(native.platform, "machine", lambda: "aarch64")
    assert native.missing().startswith("not built")
    second = native.build()
    assert {path.exists() for path in (*first, *second)} == {True} and not {*first} & {*second}
    with pytest.raises(native.NativeError, match="that this system can load, found"):
        native.open_library("portable")


def test_a_build_that_fails_leaves_nothing_and_says_what_the_compiler_said(copied, monkeypatch):
    compiler_that(copied, monkeypatch, WRITES + "; sys.exit('step.cpp: too odd')")
    with pytest.raises(native.NativeError, match=r"fails: step\.cpp: too odd"):
        native.build()
    assert list(copied.glob("*.so")) == []


def test_without_a_compiler_the_set_up_goes_on_and_says_so(monkeypatch):
    environment = os.environ | {"CXX": "no-such-compiler"}
    command = [sys.executable, "-m", "rnnbench", "native"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no C++ compiler no-such-compiler" in done.stdout
    assert done.stdout.count("\n") == 1


def test_without_a_library_the_gate_says_why(copied, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "no compiler found at set-up" in agreement.why_not("rnn", "fused", "cpu", "float32")


# Sanitizers and errors of the functions


def driver(folder: Path, isa: str, *flags: str) -> Path:
    """Build the driver; skip where the compiler has no such sanitizer."""
    program = folder / f"driver-{isa}"
    source = Path(__file__).with_name("native_driver.cpp")
    command = [*native.compiler(), "-std=c++17", "-O0", "-g", "-pthread", *native.ISAS[isa], *flags]
    line = [*command, f"-I{native.FOLDER}", str(source), "-o", str(program)]
    done = subprocess.run(line, capture_output=True, text=True)
    if "sanitize" in " ".join(flags) and "cannot find" in done.stderr:
        pytest.skip(f"the compiler has no runtime for {flags[0]}")
    assert done.returncode == 0, done.stderr
    return program


def run(program: Path, threads: int) -> str:
    done = subprocess.run([program, str(threads)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@needs_compiler
@every_isa
def test_sanitizers_find_nothing_and_the_functions_are_as_exact_as_stated(isa, tmp_path):
    flags = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"
    program = driver(tmp_path, isa, *flags)
    for threads in (1, 2):
        exp, sigmoid, tanh = map(float, run(program, threads).split())
        assert exp < 3e-7
        assert sigmoid < 4e-7
        assert tanh < 4e-7


@needs_compiler
def test_the_thread_sanitizer_finds_nothing(tmp_path):
    run(driver(tmp_path, "portable", "-fsanitize=thread"), 3)
