"""How fast this machine multiplies and moves numbers, for the products of a training step.

Two limits are made of it:

* **the limit by shapes**: the time of a token is that of its matrix products alone, each at the
  rate the library reached for that very shape, on this machine, with the same threads and type of
  number. This is the honest one: a product with 32 rows cannot run like a large square, so a
  square's peak promises what no implementation of these products through the library can keep.
  It leaves out the element-wise part, the loss, the update, all transfers and every call between
  the products, and its operands lie in the cache: what it says is out of reach for a training
  step that multiplies with the library. A kernel that packs the weights once and keeps them
  may beat the library at thin shapes; its share of the limit is then above 1, and is told so.
  On CUDA each product is a launch of its own, and thin ones last no shorter than a launch: a
  library that has a whole layer in one kernel may pass the limit there.
* **the roofline**: the larger of FLOPs at the rate of the best large square, and bytes at the
  bandwidth of the memory (Williams, Waterman & Patterson, 2009).
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.parameters import TimingConfig
from rnnbench.timing import windows
from rnnbench.timing.work import speed
from rnnbench.timing.workload import Architecture, Product, products
from rnnbench.training.arithmetic import precision

SQUARES = {"cpu": (512, 1024), "cuda": (4096, 8192)}
# Three of these arrays hold 768 MiB in float32: far more than any last-level cache.
STREAM_NUMBERS = 2**26


def architecture(timing: TimingConfig, vocab_size: int) -> Architecture:
    """Read the architecture of a variant off its model."""
    return Architecture.of(speed.model(timing, vocab_size))


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Time every product of a training step of ``timing.variant``, large squares, and the memory.

    One row per probe and window, with the totals ``flops``, ``bytes`` and ``seconds``. The text
    plays no part.
    """
    model = architecture(timing, vocab_size)
    listed = products(model, timing.batch_size, timing.num_steps)
    listed += [Product("square", n, n, n, 0) for n in SQUARES[timing.device]]
    dtype, found = precision.stored(timing.dtype), []
    for product in listed:
        shape = dict(zip(("rows", "inner", "columns"), product.shape, strict=True))
        steps = multiplications(product, timing.device, dtype)
        found += _probe(timing, steps, "flops", {"probe": product.part, **shape})
    for name, copying in STREAMS.items():
        steps = copying(timing.device, dtype)
        found += _probe(timing, steps, "bytes", {"probe": name})
    return found


def multiplications(product: Product, device: str, dtype: torch.dtype) -> Iterator[int]:
    """Multiply for ever into one place; yield the FLOPs of each call."""
    a = torch.rand(product.rows, product.inner, device=device, dtype=dtype)
    b = torch.rand(product.inner, product.columns, device=device, dtype=dtype)
    out = torch.empty(product.rows, product.columns, device=device, dtype=dtype)
    return _repeated(lambda: torch.mm(a, b, out=out), product.flops)


def triad(device: str, dtype: torch.dtype) -> Iterator[int]:
    """Set a = b + s c for ever (McCalpin's STREAM); yield the bytes of each pass."""
    a, b, c = _arrays(3, device, dtype)
    return _repeated(lambda: torch.add(b, c, alpha=0.5, out=a), 3 * a.nbytes)


def copy(device: str, dtype: torch.dtype) -> Iterator[int]:
    """Set a = b for ever; yield the bytes of each pass."""
    a, b = _arrays(2, device, dtype)
    return _repeated(lambda: a.copy_(b), 2 * a.nbytes)


STREAMS = {"triad": triad, "copy": copy}


def _arrays(number: int, device: str, dtype: torch.dtype) -> list[Tensor]:
    return [torch.ones(STREAM_NUMBERS, device=device, dtype=dtype) for _ in range(number)]


def _repeated(call: Callable[[], Any], work: int) -> Iterator[int]:
    for _ in itertools.repeat(None):
        call()
        yield work


def _probe(
    timing: TimingConfig, steps: Iterator[int], unit: str, probe: dict[str, Any]
) -> list[dict[str, Any]]:
    """Time one kind of call; what the windows count is FLOPs or bytes here."""
    return [
        probe | {unit: row["num_tokens"]} | {k: v for k, v in row.items() if k != "num_tokens"}
        for row in windows.rows(timing, steps)
    ]
