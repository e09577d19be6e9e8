"""Operators of a profiled training step, each put to a part of the step."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch.autograd import DeviceType  # type: ignore[attr-defined]  # not in its __all__
from torch.autograd.profiler_util import FunctionEvent

from rnnbench.variants import LanguageModel

SCOPE = "rnnbench:"  # how marked places begin
OVERHEAD = "overhead"
GRAPH = "recorded graph"  # kernels that the GPU runs from a record, by no operator of the host
MINIBATCH, INPUT, RECURRENCE, WHOLE, OUTPUT, LOSS, UPDATE = (
    *("minibatch", "input projection", "recurrence", "layer in one operator"),
    *("output layer", "loss", "update"),
)
PARTS = (MINIBATCH, INPUT, RECURRENCE, WHOLE, OUTPUT, LOSS, UPDATE, GRAPH, OVERHEAD)

BACKWARD = "autograd::engine::evaluate_function: "
WHOLE_LAYERS = ("aten::mkldnn_rnn_layer", "aten::_cudnn_rnn", "aten::miopen_rnn")
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm")
ROW_GATHER = ("aten::index", "aten::embedding", "aten::gather", "aten::scatter")
# Calls of CUDA by which the host hands work to the GPU: kernels, recorded graphs, copies, fills.
LAUNCH = re.compile(r"cu(da)?(LaunchKernel|LaunchCooperativeKernel|GraphLaunch|Memcpy|Memset)")
UPDATES = ("aten::sub", "aten::mul", "aten::add", "aten::linalg_vector_norm", "aten::where")


def parts_of(
    events: Sequence[FunctionEvent], model: LanguageModel, batch_size: int
) -> Iterator[str]:
    """Yield the part of each event: PARTS, ``overhead`` for what is no operator.

    Args:
        events: of whole training steps, on the host, by start.
        model: what was trained; its sizes tell products apart.
        batch_size: of a minibatch.
    """
    places = _places(events)
    if SCOPE + "model" in places:
        parts = _by_place(events, places, model.vocab_size, batch_size)
    else:
        parts = [_by_shape(event, model) for event in events]
    for event, part in zip(events, parts, strict=True):
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
    return "::" in event.name and not event.name.startswith(("autograd::", SCOPE))


def _places(events: Sequence[FunctionEvent]) -> list[str]:
    """Name the innermost marked place, or backward node, each event ran in; "" for none."""
    found: dict[int, str] = {}
    for event in events:  # parents come before their children
        own = event.name.startswith((SCOPE, BACKWARD))
        found[id(event)] = event.name if own else found.get(id(event.cpu_parent), "")
    return [found[id(event)] for event in events]


def _by_place(
    events: Sequence[FunctionEvent], places: list[str], vocab_size: int, batch_size: int
) -> list[str]:
    """Put each event to the part of its place, and the backward pass to that of the forward one.

    An operator and the backward node it made share a sequence number. Operators that make none
    carry the number of the next that does, so the last to start with a number is the maker.
    """
    parts, made = list[str](), dict[int, str]()
    node = RECURRENCE  # the part of the backward node that runs
    unmarked = MINIBATCH  # the part of what runs in no place, by what ran before it
    for event, place in zip(events, places, strict=True):
        if place.startswith(BACKWARD):
            unmarked = UPDATE
            if event.name == place:
                # a node that no operator made stores a gradient, that of the node before
                node = made.get(event.sequence_nr, node)
            parts.append(node)
            continue
        if event.name == SCOPE + "step":
            unmarked = MINIBATCH
        elif event.name == SCOPE + "model":
            unmarked = LOSS
        inside = {SCOPE + "model": INPUT, SCOPE + "output": OUTPUT}
        of_layer = place == SCOPE + "layer"
        part = _of_layer(event, vocab_size, batch_size) if of_layer else inside.get(place, unmarked)
        parts.append(part)
        made[event.sequence_nr] = part
    return parts


def _of_layer(event: FunctionEvent, vocab_size: int, batch_size: int) -> str:
    """Tell the input projection from the recurrence, by the rows and the length of the inputs."""
    if event.name in WHOLE_LAYERS:
        return WHOLE
    if event.name in PRODUCTS:
        rows, inner = next(shape for shape in _shapes(event) if len(shape) > 1)[-2:]
        if rows > batch_size or inner == vocab_size:
            return INPUT
    return RECURRENCE


def _by_shape(event: FunctionEvent, model: LanguageModel) -> str:
    """Guess the part of an operator of a training step that torch does not differentiate."""
    shapes = [list(shape) for shape in _shapes(event)]
    if event.name.startswith(ROW_GATHER):
        return INPUT
    if event.name in PRODUCTS:
        return OUTPUT if any(model.vocab_size in shape for shape in shapes) else RECURRENCE
    of_weights = any(shape == list(p.shape) for p in model.parameters() for shape in shapes)
    if event.name.startswith("aten::_foreach") or (of_weights and event.name.startswith(UPDATES)):
        return UPDATE
    if any(shape and shape[-1] == model.vocab_size for shape in shapes):
        return LOSS
    return RECURRENCE


def _shapes(event: FunctionEvent) -> Any:
    """Shapes of an operator's inputs, empty for what is no tensor; torch types them wrongly."""
    return event.input_shapes
