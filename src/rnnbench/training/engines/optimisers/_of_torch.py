"""An optimiser of ``torch.optim`` under the contract."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn
from torch.optim import Optimizer


class OfTorch:
    """Made over its parameters when they are first told.

    Args:
        make: makes it of parameters.
    """

    plain = False

    def __init__(self, make: Callable[[Sequence[nn.Parameter]], Optimizer]):
        self.make = make
        self.inner: Optimizer | None = None

    def step(self, parameters: Sequence[nn.Parameter], rate: float) -> None:
        inner = self._over(parameters)
        inner.param_groups[0]["lr"] = rate
        inner.step()

    def tensors(self, parameters: Sequence[nn.Parameter]) -> dict[str, Tensor]:
        state = self._over(parameters).state
        return {
            f"{place}.{name}": value
            for place, parameter in enumerate(parameters)
            for name, value in state[parameter].items()
        }

    def load(self, parameters: Sequence[nn.Parameter], tensors: Mapping[str, Tensor]) -> None:
        for key, value in tensors.items():
            place, name = key.split(".")
            self._over(parameters).state[parameters[int(place)]][name] = value

    def _over(self, parameters: Sequence[nn.Parameter]) -> Optimizer:
        if self.inner is None:
            self.inner = self.make(parameters)
        return self.inner
