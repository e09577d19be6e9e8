"""How fast a trained model would be used: one character at a time, and in whole minibatches.

* ``generation``: a batch of one, the state carried, each character the most probable after the
  last. Every character is read back by the host before the next begins, as a writer must; an
  implementation that writes by itself writes texts, and a character takes its share of one.
* ``throughput``: forward passes over the minibatches of training, without gradients.

Both use the implementation's own reader, if it has one. The weights are untrained, which costs the
same.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from rnnbench.base import plugins
from rnnbench.base.parameters import TimingConfig
from rnnbench.timing import windows
from rnnbench.timing.work import speed
from rnnbench.timing.workload import Architecture
from rnnbench.training import samplers
from rnnbench.training.native.reader import checked
from rnnbench.writing.decoders import Choice, Writer
from rnnbench.writing.reading import reading

READERS: dict[str, Any] = {"fused": checked}  # here, so that no training depends on it
TEXT = 200  # characters that are written at once by what writes by itself
QUANTILES = {"latency_q05": 0.05, "latency_q50": 0.5, "latency_q95": 0.95, "latency_q99": 0.99}


@torch.no_grad()
def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row per window of both modes: totals, never rates.

    A row of ``generation`` also holds quantiles of the seconds per character within its window.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    built = speed.model(timing, vocab_size)
    key = Architecture.of(built).as_row()
    latencies: list[float] = []
    way = plugins.load("implementations", timing.implementation)
    reader = READERS.get(timing.implementation, getattr(way, "reader", None))
    used = reader(built) if reader else built
    written = windows.rows(timing, characters(used, int(tokens[0]), latencies))
    read = windows.rows(timing, minibatches(timing, used, tokens))
    return [
        *(key | {"mode": "generation"} | row for row in _with_quantiles(written, latencies)),
        *(key | {"mode": "throughput"} | row for row in read),
    ]


def characters(model: Any, first: int, latencies: list[float]) -> Iterator[int]:
    """Write for ever; yield how many characters, append the seconds of each."""
    written = writing(model, first)
    while True:
        began = time.perf_counter()
        num_tokens = next(written)
        latencies += [(time.perf_counter() - began) / num_tokens] * num_tokens
        yield num_tokens


def writing(model: Any, first: int) -> Iterator[int]:
    """Write the most probable character after the last for ever; yield how many at a time."""
    if hasattr(model, "characters"):
        yield from (1 for _ in model.characters(first))
    place, most_probable, unused = reading(model, [[first]]), Choice(k=1), np.zeros((TEXT, 1))
    while isinstance(place, Writer):
        yield place.write(most_probable, unused).size
    while True:
        place = place.then(most_probable(place.logits, unused[0]))
        yield 1


def minibatches(timing: TimingConfig, model: Any, tokens: np.ndarray) -> Iterator[int]:
    """Read the text for ever, minibatch by minibatch; yield the tokens of each."""
    generator = np.random.Generator(np.random.PCG64(timing.process))
    text = torch.from_numpy(tokens.astype(np.int64)).to(timing.device)
    sampler = plugins.load("samplers", timing.sampler)
    while True:
        state: Any = None
        for X, _ in sampler.minibatches(text, timing.batch_size, timing.num_steps, generator):
            _, state = model(X, state if sampler.carries_state else None)
            yield X.numel()


def _with_quantiles(rows: list[dict[str, Any]], latencies: list[float]) -> Iterator[dict[str, Any]]:
    """Give each window the quantiles of its own characters; those of the calibration come first."""
    end = np.cumsum([row["num_tokens"] for row in rows])
    last = latencies[len(latencies) - end[-1] :]
    for row, stop in zip(rows, end, strict=True):
        own = last[stop - row["num_tokens"] : stop]
        yield row | {name: float(np.quantile(own, q)) for name, q in QUANTILES.items()}
