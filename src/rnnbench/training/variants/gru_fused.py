"""Gated recurrent unit (Cho et al., 2014), trained by the native step in C++."""

from torch import nn

from rnnbench.training.initial import uniform
from rnnbench.training.variants._fused import step as step
from rnnbench.training.variants._fused import unavailable as unavailable

initial = uniform


def build(input_size: int, hidden_size: int) -> nn.Module:
    return nn.GRU(input_size, hidden_size)
