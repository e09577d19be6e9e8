"""Gated recurrent unit (Cho et al., 2014): the scratch cell under torch.compile."""

from functools import partial

from rnnbench.training.variants import _compiled, gru_scratch
from rnnbench.training.variants._compiled import unavailable as unavailable

initial = gru_scratch.initial
build = gru_scratch.build
step = partial(_compiled.step, 1)
