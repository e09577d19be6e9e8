"""Initial weights, drawn so that a seed gives the same bits on every machine.

``torch`` draws differ between instruction sets; NumPy's PCG64 does not. Values are drawn in
float64 and rounded once to the type of the parameter.
"""

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

Scheme = Callable[[nn.Parameter, int, np.random.Generator], np.ndarray]


def normal(parameter: nn.Parameter, fan_in: int, generator: np.random.Generator) -> np.ndarray:
    """The book's scratch models: weights from N(0, 0.01^2), biases 0."""
    if parameter.ndim == 1:
        return np.zeros(parameter.shape)
    return 0.01 * generator.standard_normal(parameter.shape)


def uniform(parameter: nn.Parameter, fan_in: int, generator: np.random.Generator) -> np.ndarray:
    """torch.nn's default: weights and biases uniform in ±1 / sqrt(fan_in)."""
    return (2 * generator.random(parameter.shape) - 1) / np.sqrt(fan_in)


def within(limit: float) -> Scheme:
    """All weights and biases uniform in ±``limit``, whatever reads them."""
    return lambda parameter, _, generator: limit * (2 * generator.random(parameter.shape) - 1)


def draw(module: nn.Module, fan_in: int, scheme: Scheme, generator: np.random.Generator) -> None:
    """Set every parameter of ``module``, in order of declaration."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(scheme(parameter, fan_in, generator)))


def digest(module: nn.Module) -> str:
    """SHA-256 of the parameters' names and bytes."""
    return digest_of(module.named_parameters())


def digest_of(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 of names and bytes."""
    state = hashlib.sha256()
    for name, parameter in tensors:
        state.update(name.encode())
        state.update(parameter.detach().cpu().numpy().tobytes())
    return state.hexdigest()
