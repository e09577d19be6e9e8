"""Where the time of a training step goes, told by torch's profiler.

Every operator of torch is put to a part by where it ran: inside the recurrent layer, the output
layer, before or after them; an operator of the backward pass belongs where its forward operator
ran. Within the layer, the product of the one-hot inputs, and a product over all time steps at
once, are the input projection; all else is the recurrence. Libraries may have the whole layer as
one operator; that is then a part of its own. A variant with a training step of its own has no such
places: its operators are told apart by name and shape, as far as that goes.

``overhead`` is what remains of the time of the same number of steps without the profiler: Python,
autograd's book-keeping, the optimiser's loop, and native code that is no operator of torch. The
profiler itself makes steps slower, short operators most; both times are kept, so that this can be
seen.

Beside the parts it is counted how much the host hands to the device, and how long the device works
for it: what bounds a step, the launching or the computing.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd import DeviceType  # type: ignore[attr-defined]  # not in its __all__
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function

from rnnbench import samplers, speed, train
from rnnbench.jobs import TimingConfig
from rnnbench.operators import GRAPH, OVERHEAD, PARTS, SCOPE, launches, parts_of
from rnnbench.variants import LanguageModel
from rnnbench.work import Architecture

SHORTER = 8  # reading the profiler's events takes some hundred times as long as the steps


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row per window and part: seconds in its operators, and both times of the steps.

    ``seconds`` is the part's; ``plain_seconds`` and ``profiled_seconds`` are those of equally many
    steps without and with the profiler; ``launches``, ``launch_seconds`` and ``device_seconds`` as
    in :func:`rnnbench.operators.launches`. The first window loads the profiler and is not counted.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    model = speed.model(timing, vocab_size)
    stepping = training_steps(timing, model, tokens)
    num_minibatches = speed.calibrate(timing, stepping)
    list(speed.warm_up(timing, stepping, num_minibatches))
    num_minibatches = max(1, num_minibatches // SHORTER)
    key = timing.as_row() | Architecture.of(model).as_row()
    found = []
    for window in range(timing.windows + 1):
        totals, seconds = _window(timing, model, stepping, num_minibatches)
        place = key | {"window": window, "counted": window > 0} | totals
        found += [place | {"part": part, "seconds": seconds[part]} for part in PARTS]
    return found


def training_steps(timing: TimingConfig, model: LanguageModel, tokens: np.ndarray) -> Iterator[int]:
    """Train for ever, its places marked for the profiler; yield the tokens of each step."""
    for name, place in (("model", model), ("layer", model.layer), ("output", model.output)):
        _mark(place, SCOPE + name)
    generator = np.random.Generator(np.random.PCG64(timing.process))
    text = torch.from_numpy(tokens.astype(np.int64)).to(timing.device)
    progress = train.Progress(model, generator, train.own(timing.variant, model))
    while True:
        stepping = train.steps(timing, text, progress)
        while num_tokens := _marked_step(stepping):
            yield num_tokens


def _marked_step(stepping: Iterator[tuple[Any, Any, int]]) -> int:
    """Do one step in a place of its own; return its tokens, 0 at the end of the epoch."""
    with record_function(SCOPE + "step"):
        return next(stepping, (None, None, 0))[2]


def watched(device: str) -> profile:
    """Profile a block, as one cycle: torch before 2.13 warns if events of others are not kept."""
    activities = [ProfilerActivity.CPU]
    if device == "cuda":
        activities.append(ProfilerActivity.CUDA)
    return profile(activities=activities, record_shapes=True, acc_events=True)


def _mark(module: nn.Module, name: str) -> None:
    """Show the profiler when ``module`` runs forward."""
    open_scopes: list[record_function] = []

    def enter(*_: Any) -> None:
        open_scopes.append(record_function(name))
        open_scopes[-1].__enter__()

    def leave(*_: Any) -> None:
        open_scopes.pop().__exit__(None, None, None)

    module.register_forward_pre_hook(enter)
    module.register_forward_hook(leave)


def _window(
    timing: TimingConfig, model: LanguageModel, stepping: Iterator[int], num_minibatches: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Time steps without and with the profiler; return the totals and the seconds of each part."""
    plain = speed.paced_window(timing.device, stepping, num_minibatches)
    with watched(timing.device) as profiler:
        profiled = speed.window(timing.device, stepping, num_minibatches)
    everything = profiler.events()
    events = [e for e in everything if e.device_type == DeviceType.CPU]
    seconds = dict.fromkeys(PARTS, 0.0)
    for event, part in zip(events, parts_of(events, model, timing.batch_size), strict=True):
        seconds[part] += _seconds(event, timing.device)
    handed, seconds[OVERHEAD] = launches(everything, timing.device), 0.0
    if any("GraphLaunch" in event.name for event in events):
        seconds[GRAPH] = max(0.0, handed["device_seconds"] - sum(seconds.values()))
    told = sum(seconds.values())
    seconds[OVERHEAD] = max(0.0, plain["seconds"] - told)
    totals = {
        name: plain[name]
        for name in ("num_minibatches", "num_tokens", "load_average", "pace_seconds")
    }
    totals["outside_load"] = max(plain["outside_load"], profiled["outside_load"])
    times = {"plain_seconds": plain["seconds"], "profiled_seconds": profiled["seconds"]}
    return totals | times | handed, seconds


def _seconds(event: FunctionEvent, device: str) -> float:
    """Time in an operator itself, on its device, without what it calls."""
    microseconds = event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
    return microseconds / 1e6
