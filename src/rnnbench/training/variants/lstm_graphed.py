"""Long short-term memory (Hochreiter & Schmidhuber, 1997): the scratch cell as a CUDA graph."""

from functools import partial

from rnnbench.training.variants import _graphed, lstm_scratch
from rnnbench.training.variants._graphed import unavailable as unavailable

initial = lstm_scratch.initial
build = lstm_scratch.build
step = partial(_graphed.step, 2)
