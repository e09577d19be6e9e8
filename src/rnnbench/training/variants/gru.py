"""Gated recurrent unit (Cho et al., 2014), torch.nn."""

from torch import nn

from rnnbench.training.initial import uniform

initial = uniform


def build(input_size: int, hidden_size: int) -> nn.Module:
    return nn.GRU(input_size, hidden_size)
