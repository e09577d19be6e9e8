"""Gated recurrent unit (Cho et al., 2014): the scratch cell as a CUDA graph."""

from functools import partial

from rnnbench.training.variants import _graphed, gru_scratch
from rnnbench.training.variants._graphed import unavailable as unavailable

initial = gru_scratch.initial
build = gru_scratch.build
step = partial(_graphed.step, 1)
