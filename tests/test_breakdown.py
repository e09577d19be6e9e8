"""Laws of the breakdown: nothing is lost, and every operator lands where it ran."""

import dataclasses

import numpy as np
import pytest
import torch
from test_speed import TIMING, TOKENS, VOCAB_SIZE
from test_train import here

from rnnbench import breakdown, operators, speed, train, variants
from rnnbench.names import names

QUICK = dataclasses.replace(TIMING, windows=2, window_seconds=0.002, warmup_seconds=0.0)


def shares(rows: list[dict], window: int) -> dict[str, float]:
    """Share of each part in one window."""
    seconds = {row["part"]: row["seconds"] for row in rows if row["window"] == window}
    return {part: value / sum(seconds.values()) for part, value in seconds.items()}


def profiled(variant: str) -> tuple[list, list[str]]:
    """Events of two training steps, and their parts."""
    timing = dataclasses.replace(QUICK, variant=variant)
    model = speed.model(timing, VOCAB_SIZE)
    stepping = breakdown.training_steps(timing, model, TOKENS)
    next(stepping)
    with breakdown.watched("cpu") as profiler:
        next(stepping), next(stepping)
    events = list(profiler.events())
    return events, list(operators.parts_of(events, model, timing.batch_size))


@pytest.fixture(scope="module", params=[*map(here, names("variants"))])
def rows(request):
    return breakdown.rows(dataclasses.replace(QUICK, variant=request.param), TOKENS, VOCAB_SIZE)


def test_every_window_has_all_parts_and_the_first_is_not_counted(rows):
    assert [row["part"] for row in rows] == list(operators.PARTS) * (QUICK.windows + 1)
    assert {row["window"] for row in rows if row["counted"]} == {1, 2}
    assert {row["window"] for row in rows if not row["counted"]} == {0}


def test_the_parts_of_a_window_are_all_of_its_time(rows):
    for row in rows:
        together = sum(r["seconds"] for r in rows if r["window"] == row["window"])
        assert together >= row["plain_seconds"] * (1 - 1e-9)
        if row["part"] == operators.OVERHEAD and row["seconds"] > 0:
            assert np.isclose(together, row["plain_seconds"])
        assert row["seconds"] >= 0 and row["profiled_seconds"] > 0


def test_every_step_has_an_input_a_layer_an_output_a_loss_and_an_update(rows):
    found = shares(rows, 1)
    assert np.isclose(sum(found.values()), 1)
    if rows[0]["variant"].endswith("_fused"):
        pytest.skip("a native step is no operator of torch: its time is told as overhead")
    layer = found[operators.RECURRENCE] + found[operators.WHOLE]
    parts = [operators.INPUT, operators.OUTPUT, operators.LOSS, operators.UPDATE]
    if not rows[0]["variant"].endswith(
        "_manual"
    ):  # a step of its own shows no place to the profiler
        parts.append(operators.MINIBATCH)
    assert layer > 0 and all(found[part] > 0 for part in parts)


@pytest.mark.parametrize("variant", ["rnn_scratch", "gru_scratch", "lstm_scratch"])
def test_every_product_of_a_scratch_step_lands_in_its_part(variant):
    """Two steps of T = 5: forward and two products backward, the first state needs no gradient."""
    events, parts = profiled(variant)
    gates = {"rnn_scratch": 1, "gru_scratch": 3, "lstm_scratch": 4}[variant]
    found = [
        part for e, part in zip(events, parts, strict=True) if e.name in {"aten::mm", "aten::addmm"}
    ]
    assert found.count(operators.RECURRENCE) == 2 * gates * (5 + 5 + 4)
    assert found.count(operators.INPUT) == 2 * gates * (5 + 5)
    assert found.count(operators.OUTPUT) == 2 * 3


def test_the_input_projection_of_the_library_is_one_product_over_all_steps():
    events, parts = profiled("rnn")
    shapes = [
        event.input_shapes
        for event, part in zip(events, parts, strict=True)
        if part == operators.INPUT and event.name == "aten::addmm"
    ]
    assert len(shapes) == 2 and all([20, VOCAB_SIZE] in shape for shape in shapes)


def test_softmax_is_loss_and_subtraction_from_the_weights_is_update():
    events, parts = profiled("gru_scratch")
    of = {}
    for event, part in zip(events, parts, strict=True):
        of.setdefault(event.name, set()).add(part)
    assert of["aten::_log_softmax"] == of["aten::_log_softmax_backward_data"] == {operators.LOSS}
    assert of["aten::sub_"] == of["aten::linalg_vector_norm"] == {operators.UPDATE}
    assert of["aten::scatter_"] == {operators.INPUT}
    assert operators.MINIBATCH in of["aten::slice"]


def manual_step(model, X, Y, state, clip_norm, learning_rate):
    """A step without autograd: a gather, two products, a softmax, an update."""
    with torch.no_grad():
        layer, output = model.layer, model.output
        hidden = layer.W_xh[X[0].long()] @ layer.W_hh
        torch.softmax(hidden @ output.weight.T, dim=1)
        layer.W_hh.sub_(layer.W_hh, alpha=0.0)
    return torch.zeros(()), torch.zeros(()), state


def test_a_step_of_its_own_is_told_apart_by_name_and_shape(monkeypatch):
    module = variants.names.load("variants", "rnn_scratch")
    monkeypatch.setattr(module, "step", manual_step, raising=False)
    assert module.step is not train.step
    events, parts = profiled("rnn_scratch")
    of = {}
    for event, part in zip(events, parts, strict=True):
        of.setdefault(event.name, set()).add(part)
    assert of["aten::mm"] == {operators.RECURRENCE, operators.OUTPUT}
    assert of["aten::index"] == {operators.INPUT}
    assert of["aten::_softmax"] == {operators.LOSS}
    assert of["aten::sub_"] == {operators.UPDATE}


def test_native_code_that_is_no_operator_is_overhead(monkeypatch):
    def native(model, X, Y, state, clip_norm, learning_rate):
        sum(range(20_000))
        return torch.zeros(()), torch.zeros(()), state

    module = variants.names.load("variants", "rnn_scratch")
    monkeypatch.setattr(module, "step", native, raising=False)
    timing = dataclasses.replace(QUICK, variant="rnn_scratch")
    assert shares(breakdown.rows(timing, TOKENS, VOCAB_SIZE), 1)[operators.OVERHEAD] > 0.5
