"""Plain stochastic gradient descent (d2l 3.2.6).

Written out because making an optimiser of ``torch.optim`` imports the compiler, two seconds that
every training process would pay.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from torch import Tensor, nn


class Descent:
    plain = True

    def step(self, parameters: Iterable[nn.Parameter], rate: float) -> None:
        for parameter in parameters:
            parameter.sub_(cast(Tensor, parameter.grad), alpha=rate)

    def tensors(self, parameters: Iterable[nn.Parameter]) -> dict[str, Tensor]:
        return {}

    def load(self, parameters: Iterable[nn.Parameter], tensors: Mapping[str, Any]) -> None:
        pass


def start() -> Descent:
    return Descent()
