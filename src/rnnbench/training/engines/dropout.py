"""Dropout of what layers pass upwards, to the next one and to the output layer
(Zaremba et al., 2014), in training steps and nowhere else.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.functional import dropout

from rnnbench.base.parameters import RunConfig
from rnnbench.training.progress import Progress


def dropping(run: RunConfig, progress: Progress, taken: Iterator[Any]) -> Iterator[Any]:
    """Yield the steps of an epoch, in which a layer reads what is left of the outputs below.

    torch.nn's layers and the native step draw from torch's own generator; it is seeded from that of
    the run, so that a run that is taken up draws as it would have. cuDNN keeps a state of its own,
    which is not.
    """
    seed, device = int(progress.generator.integers(2**63)), torch.device(run.device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        _set(progress, run.dropout)
        read = progress.engine.model.output.register_forward_pre_hook(
            lambda _, inputs: dropout(inputs[0], run.dropout)
        )
        try:
            yield from taken
        finally:
            read.remove()
            _set(progress, 0.0)


def _set(progress: Progress, share: float) -> None:
    for layer in progress.engine.model.modules():
        if isinstance(layer, nn.RNNBase):
            layer.dropout = share
