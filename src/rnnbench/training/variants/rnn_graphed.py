"""Vanilla recurrent network (Elman, 1990): the scratch cell as a CUDA graph."""

from functools import partial

from rnnbench.training.variants import _graphed, rnn_scratch
from rnnbench.training.variants._graphed import unavailable as unavailable

initial = rnn_scratch.initial
build = rnn_scratch.build
step = partial(_graphed.step, 1)
