"""Operators of a profiled training step, each put to a part of the step."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch.autograd import DeviceType  # type: ignore[attr-defined]  # not in its __all__
from torch.autograd.profiler_util import FunctionEvent

from rnnbench.training.engines.scopes import INPUT, OVERHEAD, PREFIX, RECURRENCE, UNMARKED, WHOLE
from rnnbench.training.model import LanguageModel

LAYER = "layer"  # a place whose operators are of two parts
BACKWARD = "autograd::engine::evaluate_function: "
WHOLE_LAYERS = ("aten::mkldnn_rnn_layer", "aten::_cudnn_rnn", "aten::miopen_rnn")
LIBRARY = ("aten::rnn_tanh", "aten::rnn_relu", "aten::gru", "aten::lstm")
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm")
# Calls of CUDA by which the host hands work to the GPU: kernels, recorded graphs, copies, fills.
LAUNCH = re.compile(r"cu(da)?(LaunchKernel|LaunchCooperativeKernel|GraphLaunch|Memcpy|Memset)")


def parts_of(events: Sequence[FunctionEvent], model: LanguageModel) -> Iterator[str]:
    """Yield the part of each event, one of PARTS: ``overhead`` for what is no operator.

    An operator and the backward node it made share a sequence number. Operators that make none
    carry the number of the next that does, so the last to start with a number is the maker.

    Args:
        events: of whole training steps, on the host, by start.
        model: what was trained; its sizes tell the products of its layer apart.
    """
    made = dict[int, str]()
    node = RECURRENCE  # the part of the backward node that runs
    for event, place in zip(events, _places(events), strict=True):
        if place.startswith(BACKWARD):
            if event.name == place:
                # a node that no operator made stores a gradient, that of the node before
                node = made.get(event.sequence_nr, node)
            part = node
        else:
            part = _of_layer(event, model) if place == LAYER else place
            made[event.sequence_nr] = part
        yield part if _is_operator(event) else OVERHEAD


def launches(events: Sequence[FunctionEvent], device: str) -> dict[str, float]:
    """Return what the host handed to the device, the seconds that took, and those the device works.

    On CUDA, ``launches`` are calls that put a kernel, a graph, a copy or a fill in the queue,
    ``launch_seconds`` the host's time within them, and ``device_seconds`` the time in which the GPU
    was busy. On the CPU, launches are operators that call no other, ``device_seconds`` is the time
    within them, and ``launch_seconds`` that of the operators and nodes of autograd around them.
    """
    if device == "cuda":
        calls = [e for e in events if e.device_type == DeviceType.CPU and LAUNCH.match(e.name)]
        works = [e for e in events if e.device_type != DeviceType.CPU and not e.is_user_annotation]
        busy = _union((e.time_range.start, e.time_range.end) for e in works)
        return _told(len(calls), sum(e.self_cpu_time_total for e in calls), busy)
    leaves = {id(e) for e in events if _is_operator(e)}
    leaves -= {id(e.cpu_parent) for e in events if _is_operator(e) and e.cpu_parent}
    within = sum(e.self_cpu_time_total for e in events if id(e) in leaves)
    around = sum(e.self_cpu_time_total for e in events if "::" in e.name and id(e) not in leaves)
    return _told(len(leaves), around, within)


def _told(number: int, launch: float, device: float) -> dict[str, float]:
    """Name the numbers; microseconds become seconds."""
    return {"launches": number, "launch_seconds": launch / 1e6, "device_seconds": device / 1e6}


def _union(spans: Iterable[tuple[float, float]]) -> float:
    """Length of what the spans cover together; streams of a GPU work at the same time."""
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _is_operator(event: FunctionEvent) -> bool:
    return "::" in event.name and not event.name.startswith(("autograd::", PREFIX))


def _places(events: Sequence[FunctionEvent]) -> list[str]:
    """Name the innermost scope, or backward node, that each event ran in."""
    found: dict[int, str] = {}
    for event in events:  # parents come before their children
        own = event.name.startswith((PREFIX, BACKWARD))
        place = event.name.removeprefix(PREFIX) if own else found.get(id(event.cpu_parent))
        found[id(event)] = place or UNMARKED
    return [found[id(event)] for event in events]


def _of_layer(event: FunctionEvent, model: LanguageModel) -> str:
    """Tell the input projection from the recurrence, which no layer shows by a scope of its own.

    What multiplies all time steps at once is the input projection, as is what multiplies one-hot
    vectors. Where these are as wide as the hidden state, shapes tell nothing, but that a layer of
    the library on the CPU projects all time steps at once.
    """
    if event.name in WHOLE_LAYERS:
        return WHOLE
    if event.name not in PRODUCTS:
        return RECURRENCE
    *leading, inner = _left(event)
    if len(leading) > 1:
        return INPUT
    if inner != model.vocab_size:
        return RECURRENCE
    if inner != model.layer.hidden_size:
        return INPUT
    at_once = _within(event, LIBRARY) and model.output.weight.device.type == "cpu"
    return RECURRENCE if at_once else UNMARKED


def _left(event: FunctionEvent) -> list[int]:
    """Shape of the left operand of a product, as the layer gave it to the library."""
    caller = event.cpu_parent
    asked = caller if caller and caller.name in ("aten::linear", "aten::matmul") else event
    return next(shape for shape in _shapes(asked) if len(shape) > 1)


def _within(event: FunctionEvent, names: tuple[str, ...]) -> bool:
    """Whether an event ran in an operator of one of these names."""
    above = event.cpu_parent
    return above is not None and (above.name in names or _within(above, names))


def _shapes(event: FunctionEvent) -> Any:
    """Shapes of an operator's inputs, empty for what is no tensor; torch types them wrongly."""
    return event.input_shapes
