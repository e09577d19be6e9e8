"""Vanilla recurrent network with rectified units (Le, Jaitly & Hinton, 2015).

H_t = max(0, X_t W_xh + H_{t-1} W_hh + b_h): as :mod:`rnnbench.training.cells.rnn`, with another
activation.
"""

from functools import partial
from typing import Any

import torch
from torch import nn

from rnnbench.training.cells import rnn


class Layer(rnn.Layer):
    mode = "RNN_RELU"
    library: Any = staticmethod(partial(nn.RNN, nonlinearity="relu"))
    activation = staticmethod(torch.relu)
