"""Long short-term memory (Hochreiter & Schmidhuber, 1997): the scratch cell under torch.compile."""

from functools import partial

from rnnbench.training.variants import _compiled, lstm_scratch
from rnnbench.training.variants._compiled import unavailable as unavailable

initial = lstm_scratch.initial
build = lstm_scratch.build
step = partial(_compiled.step, 2)
