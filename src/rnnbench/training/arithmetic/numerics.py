"""The numerics id: a short hash of all that decides the bits of a computation in this process.

Equal ids promise equal bits for equal work; different ids promise nothing. The name of the
processor is not in it: what it does to bits shows in the instruction set that torch chose and in
the bits of a few fixed operations, which are computed here.
"""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.training import native

SETTINGS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")
DIGITS = 16
WIDTH, STEPS, BATCH = 96, 12, 8  # of the fixed operations: wide enough for every vector unit


def identify() -> str:
    """Return the numerics id, 16 hexadecimal digits; it holds for as long as nothing is set anew.

    A process that has begun to use CUDA is told by what CUDA computes as well.
    """
    return _digest(repr(sorted(parts(torch.cuda.is_initialized()).items())).encode())


def parts(cuda: bool = False) -> dict[str, str]:
    """What the id is made of: name -> value, each as short as it can be."""
    told = {
        "torch": build(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "native": _native(),
        **{name: os.environ.get(name, "") for name in SETTINGS},
    }
    on = ["cpu"] + ["cuda"] * cuda
    return told | {f"bits_{device}": fingerprint(device) for device in on} | _cuda(cuda)


@functools.cache
def build() -> str:
    """Hash of torch's shared libraries, as its wheel lists them; of its own words without a list.

    The whole list would not do: installers add what they compile, and where they put it.
    """
    with_code = (".so", ".dylib", ".dll", ".pyd")
    try:
        listed = distribution("torch").read_text("RECORD") or ""
    except PackageNotFoundError:
        listed = ""
    lines = [line for line in listed.splitlines() if line.split(",")[0].endswith(with_code)]
    return _digest("\n".join(sorted(lines) or [torch.__config__.show()]).encode())


def fingerprint(device: str = "cpu") -> str:
    """Hash of the bits of fixed operations and of one training step; draws no random numbers."""
    state = hashlib.sha256()
    for result in _results(device):
        state.update(result.detach().cpu().numpy().tobytes())
    return state.hexdigest()[:DIGITS]


def _results(device: str) -> Iterator[Tensor]:
    generator = np.random.Generator(np.random.PCG64(1))

    def drawn(*shape: int) -> Tensor:
        values = generator.standard_normal(shape).astype(np.float32)
        return torch.from_numpy(values).to(device)

    left, right = drawn(WIDTH, WIDTH + 1), drawn(WIDTH + 1, WIDTH)
    yield left @ right
    yield torch.tanh(left)
    yield torch.sigmoid(left)
    yield torch.exp(left)
    yield torch.log_softmax(left, 1)
    yield left.sum()
    yield left[0] * 1e-38 * 1e-4  # kept or flushed to zero
    with torch.random.fork_rng(devices=[]):  # which making a layer draws from
        layers = [kind(WIDTH, WIDTH) for kind in (nn.RNN, nn.LSTM, nn.GRU)]
    for layer in layers:
        yield from _trained(layer.to(device), drawn)


def _trained(layer: nn.Module, drawn: Callable[..., Tensor]) -> Iterator[Tensor]:
    """Loss and weights of a recurrent layer after one step of gradient descent."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(0.1 * drawn(*parameter.shape))
    outputs, _ = layer(drawn(STEPS, BATCH, WIDTH))
    loss = outputs.square().mean()
    gradients = torch.autograd.grad(loss, list(layer.parameters()))
    yield loss
    for parameter, gradient in zip(layer.parameters(), gradients, strict=True):
        yield parameter - gradient


@functools.cache
def _native() -> str:
    """Hash of the native library that would be loaded here; ``none`` where none was built."""
    try:
        isa = os.environ.get("RNNBENCH_ISA") or native.supported()[-1]
        return _digest(native.library(isa).read_bytes())
    except (native.NativeError, OSError, KeyError):
        return "none"


def _cuda(used: bool) -> dict[str, str]:
    if not used:
        return {}
    return {
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "gpu": torch.cuda.get_device_name(),
        "tf32": f"{torch.backends.cuda.matmul.allow_tf32} {torch.backends.cudnn.allow_tf32}",
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]
