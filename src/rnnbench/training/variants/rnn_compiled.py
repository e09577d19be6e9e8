"""Vanilla recurrent network (Elman, 1990): the scratch cell under torch.compile."""

from functools import partial

from rnnbench.training.variants import _compiled, rnn_scratch
from rnnbench.training.variants._compiled import unavailable as unavailable

initial = rnn_scratch.initial
build = rnn_scratch.build
step = partial(_compiled.step, 1)
