"""Where the time of a training step goes, told by torch's profiler.

Every operator of torch is put to a part by the scope it ran in (see
:mod:`rnnbench.training.engines.scopes`); an operator of the backward pass belongs where its forward
operator ran. Within the layer, the product of the one-hot inputs, and a product over all time steps
at once, are the input projection; all else is the recurrence. Libraries may have the whole layer as
one operator; that is then a part of its own. Other training steps than torch's open the scopes
themselves; what they do outside of them is told as ``not told apart``, and so are the products
of a layer that multiplies step by step with as many units as symbols.

``overhead`` is what remains of the time of the same number of steps without the profiler: Python,
autograd's book-keeping, the optimiser's loop, and native code that is no operator of torch. The
profiler itself makes steps slower, short operators most; both times are kept, so that this can be
seen.

Beside the parts it is counted how much the host hands to the device, and how long the device works
for it: what bounds a step, the launching or the computing.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd import DeviceType  # type: ignore[attr-defined]  # not in its __all__
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile
from torch.utils.hooks import RemovableHandle

from rnnbench.base.parameters import TimingConfig
from rnnbench.machine import gpus
from rnnbench.timing import windows
from rnnbench.timing.work import speed
from rnnbench.timing.work._operators import LAYER, launches, parts_of
from rnnbench.timing.workload import Architecture
from rnnbench.training import loop, samplers, update
from rnnbench.training.engines.scopes import (
    GRAPH,
    INPUT,
    MINIBATCH,
    OUTPUT,
    OVERHEAD,
    PARTS,
    UNMARKED,
    scope,
)
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Progress

SHORTER = 8  # reading the profiler's events takes some hundred times as long as the steps


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row per window and part: seconds in its operators, and both times of the steps.

    ``seconds`` is the part's; ``plain_seconds`` and ``profiled_seconds`` are those of equally many
    steps without and with the profiler; ``launches``, ``launch_seconds`` and ``device_seconds`` as
    in :func:`rnnbench.timing.work._operators.launches`. The first window loads the profiler and is
    not counted.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    model = speed.model(timing, vocab_size)
    stepping = training_steps(timing, model, tokens)
    num_minibatches = windows.calibrate(timing, stepping)
    list(windows.warm_up(timing, stepping, num_minibatches))
    num_minibatches = max(1, num_minibatches // SHORTER)
    key = timing.as_row() | Architecture.of(model).as_row()
    found = []
    for window in range(windows.WINDOWS + 1):
        totals, seconds = _window(timing, model, stepping, num_minibatches)
        place = key | {"window": window, "counted": window > 0} | totals
        found += [place | {"part": part, "seconds": seconds[part]} for part in PARTS]
    return found


def training_steps(timing: TimingConfig, model: LanguageModel, tokens: np.ndarray) -> Iterator[int]:
    """Train for ever, minibatch and step in scopes of their own; yield the tokens of each step."""
    generator = np.random.Generator(np.random.PCG64(timing.process))
    text = torch.from_numpy(tokens.astype(np.int64)).to(timing.device)
    engine = update.by(timing.implementation, timing.variant, model)
    marked = dataclasses.replace(engine, step=_unmarked(engine.step))
    progress = Progress(model, generator, marked)
    while True:
        stepping = loop.steps(timing, text, progress)
        while num_tokens := _next_tokens(stepping):
            yield num_tokens


def _next_tokens(stepping: Iterator[tuple[Any, Any, int]]) -> int:
    """Do one step; return its tokens, 0 at the end of the epoch."""
    with scope(MINIBATCH):
        return next(stepping, (None, None, 0))[2]


def _unmarked(step: update.Step) -> update.Step:
    """The same step, in which nothing is told apart but by scopes of its own."""

    def within(*given: Any) -> Any:
        with scope(UNMARKED):
            return step(*given)

    return within


@contextmanager
def watched(model: LanguageModel, device: str) -> Iterator[profile]:
    """Profile a block, as one cycle: torch before 2.13 warns if events of others are not kept.

    In it, the forward pass of the model shows its places.
    """
    activities = [ProfilerActivity.CPU]
    if device == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with ExitStack() as stack:
        for module, place in ((model, INPUT), (model.layer, LAYER), (model.output, OUTPUT)):
            for handle in _mark(module, place):
                stack.callback(handle.remove)
        with profile(activities=activities, record_shapes=True, acc_events=True) as profiler:
            yield profiler


def _mark(module: nn.Module, place: str) -> list[RemovableHandle]:
    """Show a profiler when ``module`` runs forward."""
    open_scopes: list[AbstractContextManager[Any]] = []

    def enter(*_: Any) -> None:
        open_scopes.append(scope(place))
        open_scopes[-1].__enter__()

    def leave(*_: Any) -> None:
        open_scopes.pop().__exit__(None, None, None)

    return [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]


def _window(
    timing: TimingConfig, model: LanguageModel, stepping: Iterator[int], num_minibatches: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Time steps without and with the profiler; return the totals and the seconds of each part."""
    plain = windows.paced_window(timing.device, stepping, num_minibatches)
    with watched(model, timing.device) as profiler:
        profiled = windows.window(timing.device, stepping, num_minibatches)
    everything = profiler.events()
    events = [e for e in everything if e.device_type == DeviceType.CPU]
    seconds = dict.fromkeys(PARTS, 0.0)
    for event, part in zip(events, parts_of(events, model), strict=True):
        seconds[part] += _seconds(event, timing.device)
    handed, seconds[OVERHEAD] = launches(everything, timing.device), 0.0
    if any("GraphLaunch" in event.name for event in events):
        seconds[GRAPH] += max(0.0, handed["device_seconds"] - sum(seconds.values()))
    told = sum(seconds.values())
    seconds[OVERHEAD] = max(0.0, plain["seconds"] - told)
    totals = {
        name: value
        for name, value in plain.items()
        if name in ("num_minibatches", "num_tokens", "load_average", "pace_seconds")
        or name in gpus.CONDITIONS
    }
    totals["outside_load"] = max(plain["outside_load"], profiled["outside_load"])
    times = {"plain_seconds": plain["seconds"], "profiled_seconds": profiled["seconds"]}
    return totals | times | handed, seconds


def _seconds(event: FunctionEvent, device: str) -> float:
    """Time in an operator itself, on its device, without what it calls."""
    microseconds = event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
    return microseconds / 1e6
