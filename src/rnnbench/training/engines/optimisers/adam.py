"""Adam (Kingma & Ba, 2015) as torch.optim has it, with its defaults, in its fused form."""

from functools import partial

from torch.optim import Adam

from rnnbench.training.engines.optimisers._of_torch import OfTorch


def start() -> OfTorch:
    return OfTorch(partial(Adam, fused=True))
