"""Vanilla recurrent network (Elman, 1990), torch.nn."""

from torch import nn

from rnnbench.training.initial import uniform

initial = uniform


def build(input_size: int, hidden_size: int) -> nn.Module:
    return nn.RNN(input_size, hidden_size)
