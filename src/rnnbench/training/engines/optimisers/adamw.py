"""Adam with decoupled weight decay (Loshchilov & Hutter, 2019) as torch.optim has it, with its
defaults (a decay of 0.01), in its fused form."""

from functools import partial

from torch.optim import AdamW

from rnnbench.training.engines.optimisers._of_torch import OfTorch


def start() -> OfTorch:
    return OfTorch(partial(AdamW, fused=True))
