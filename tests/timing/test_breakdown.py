"""Laws of the breakdown: nothing is lost, and every operator lands where it ran."""

from collections import Counter

import numpy as np
import pytest
import torch
from timings import TIMING, TOKENS, VOCAB_SIZE, by

from rnnbench.base import presets
from rnnbench.base.plugins import load, names
from rnnbench.timing import windows, workload
from rnnbench.timing.work import _operators, breakdown, speed
from rnnbench.training.engines import agreement, scopes

WORK = list(presets.pairs(presets.timed(), names("implementations")))
HERE = [work for work in WORK if agreement.why_not(*work, "cpu", "float32") is None]


def shares(rows: list[dict], window: int) -> dict[str, float]:
    """Share of each part in one window."""
    seconds = {row["part"]: row["seconds"] for row in rows if row["window"] == window}
    return {part: value / sum(seconds.values()) for part, value in seconds.items()}


def profiled(
    variant: str, way: str = "", vocab_size: int = VOCAB_SIZE, **sizes: int
) -> tuple[list, list[str]]:
    """Events of two training steps, and their parts."""
    timing = by(variant, way, **sizes)
    model = speed.model(timing, vocab_size)
    stepping = breakdown.training_steps(timing, model, TOKENS % vocab_size)
    next(stepping)
    with breakdown.watched(model, "cpu") as profiler:
        next(stepping), next(stepping)
    events = list(profiler.events())
    return events, list(_operators.parts_of(events, model))


def product_flops(events: list, parts: list[str]) -> Counter:
    """FLOPs of the matrix products in each part."""
    found = Counter()
    for event, part in zip(events, parts, strict=True):
        if event.name in ("aten::mm", "aten::addmm", "aten::addmm_"):
            first = 0 if event.name == "aten::mm" else 1
            (m, k), (_, n) = event.input_shapes[first : first + 2]
            found[part] += 2 * m * k * n
    return found


@pytest.fixture(scope="module", params=HERE, ids=" ".join)
def rows(request):
    return breakdown.rows(by(*request.param), TOKENS, VOCAB_SIZE)


def test_every_window_has_all_parts_and_the_first_is_not_counted(rows):
    assert [row["part"] for row in rows] == list(scopes.PARTS) * (windows.WINDOWS + 1)
    assert {row["window"] for row in rows if row["counted"]} == {1, 2, 3, 4}
    assert {row["window"] for row in rows if not row["counted"]} == {0}


def test_the_parts_of_a_window_are_all_of_its_time(rows):
    for row in rows:
        together = sum(r["seconds"] for r in rows if r["window"] == row["window"])
        assert together >= row["plain_seconds"] * (1 - 1e-9)
        if row["part"] == scopes.OVERHEAD and row["seconds"] > 0:
            assert np.isclose(together, row["plain_seconds"])
        assert row["seconds"] >= 0 and row["profiled_seconds"] > 0


def test_every_step_has_an_input_a_layer_an_output_a_loss_and_an_update(rows):
    found = shares(rows, 1)
    assert np.isclose(sum(found.values()), 1)
    if rows[0]["implementation"] == "fused":
        pytest.skip("a native step is no operator of torch: its time is told as overhead")
    layer = found[scopes.RECURRENCE] + found[scopes.WHOLE]
    parts = [scopes.MINIBATCH, scopes.INPUT, scopes.OUTPUT, scopes.UPDATE]
    if rows[0]["implementation"] != "compiled":  # whose forward pass is one piece of code
        parts.append(scopes.LOSS)
        assert found[scopes.UNMARKED] == 0
    assert layer > 0 and all(found[part] > 0 for part in parts)


@pytest.mark.parametrize("variant", ["rnn_scratch", "gru_scratch", "lstm_scratch"])
def test_every_product_of_a_scratch_step_lands_in_its_part(variant):
    """Two steps of T = 5: forward and two products backward, the first state needs no gradient."""
    events, parts = profiled(variant)
    gates = {"rnn_scratch": 1, "gru_scratch": 3, "lstm_scratch": 4}[variant]
    found = [
        part for e, part in zip(events, parts, strict=True) if e.name in {"aten::mm", "aten::addmm"}
    ]
    assert found.count(scopes.RECURRENCE) == 2 * gates * (5 + 5 + 4)
    assert found.count(scopes.INPUT) == 2 * gates * (5 + 5)
    assert found.count(scopes.OUTPUT) == 2 * 3


def test_the_input_projection_of_the_library_is_one_product_over_all_steps():
    events, parts = profiled("rnn")
    shapes = [
        event.input_shapes
        for event, part in zip(events, parts, strict=True)
        if part == scopes.INPUT and event.name == "aten::addmm"
    ]
    assert len(shapes) == 2 and all([20, VOCAB_SIZE] in shape for shape in shapes)


def test_softmax_is_loss_and_subtraction_from_the_weights_is_update():
    events, parts = profiled("gru_scratch")
    of = {}
    for event, part in zip(events, parts, strict=True):
        of.setdefault(event.name, set()).add(part)
    assert of["aten::_log_softmax"] == of["aten::_log_softmax_backward_data"] == {scopes.LOSS}
    assert of["aten::sub_"] == of["aten::linalg_vector_norm"] == {scopes.UPDATE}
    assert of["aten::scatter_"] == {scopes.INPUT}
    assert scopes.MINIBATCH in of["aten::slice"]


@pytest.mark.parametrize("sizes", [{}, {"vocab_size": 8}, {"vocab_size": 32}, {"num_steps": 1}])
@pytest.mark.parametrize(
    ("variant", "way"),
    [("rnn", "manual"), ("gru", "manual"), ("lstm", "manual"), ("rnn_scratch", "loop")],
)
def test_the_products_of_each_part_are_those_that_are_counted_whatever_the_sizes(
    variant, way, sizes
):
    """8 symbols are as many as units, 32 as many as the LSTM's gates have columns."""
    if way == "loop" and sizes == {"vocab_size": 8}:
        pytest.skip("no scope and no shape tells the products of a scratch cell apart there")
    timing = by(variant, way)
    model = speed.model(timing, sizes.get("vocab_size", VOCAB_SIZE))
    batch = timing.batch_size, sizes.get("num_steps", timing.num_steps)
    expected = Counter()
    for product in workload.products(workload.Architecture.of(model), *batch):
        part = scopes.OUTPUT if product.part.startswith("output") else scopes.RECURRENCE
        expected[part] += 2 * product.calls * product.flops
    found = product_flops(*profiled(variant, way, **sizes))
    assert found.pop(scopes.INPUT) > 0
    assert found == expected


def test_products_that_shapes_do_not_tell_apart_are_told_so_but_for_the_library():
    """8 units, 8 symbols: the library projects all time steps at once, a scratch cell does not."""
    of_scratch, of_library = (
        product_flops(*profiled(name, vocab_size=8)) for name in ("gru_scratch", "gru")
    )
    assert of_scratch.keys() == {scopes.UNMARKED, scopes.OUTPUT}
    assert of_library.keys() == {scopes.INPUT, scopes.RECURRENCE, scopes.OUTPUT}


def own_step(model, X, Y, state, clip_norm, learning_rate):
    """A step without autograd that marks its update alone."""
    with torch.no_grad():
        torch.softmax(model.layer.W_xh @ model.layer.W_hh, dim=1)
        with scopes.scope(scopes.UPDATE):
            model.layer.W_hh.sub_(model.layer.W_hh, alpha=0.0)
    return torch.zeros(()), torch.zeros(()), state


def test_a_step_of_its_own_is_told_apart_by_its_scopes_and_nothing_is_guessed(monkeypatch):
    module = load("implementations", "loop")
    monkeypatch.setattr(module, "step", own_step)
    events, parts = profiled("rnn_scratch")
    of = {}
    for event, part in zip(events, parts, strict=True):
        of.setdefault(event.name, set()).add(part)
    assert of["aten::mm"] == of["aten::_softmax"] == {scopes.UNMARKED}
    assert of["aten::sub_"] == {scopes.UPDATE}


def test_a_scope_is_nothing_where_no_profiler_runs():
    assert scopes.scope(scopes.LOSS) is scopes.scope(scopes.UPDATE) is scopes.NOTHING
    with torch.profiler.profile():
        assert isinstance(scopes.scope(scopes.LOSS), torch.profiler.record_function)


def test_a_model_shows_its_places_while_it_is_profiled_only():
    model = speed.model(TIMING, VOCAB_SIZE)
    with breakdown.watched(model, "cpu"):
        assert model.layer._forward_hooks and model.output._forward_pre_hooks
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_native_code_that_is_no_operator_is_overhead(monkeypatch):
    def native(model, X, Y, state, clip_norm, learning_rate):
        sum(range(20_000))
        return torch.zeros(()), torch.zeros(()), state

    module = load("implementations", "loop")
    monkeypatch.setattr(module, "step", native)
    timing = by("rnn_scratch")
    assert shares(breakdown.rows(timing, TOKENS, VOCAB_SIZE), 1)[scopes.OVERHEAD] > 0.5
