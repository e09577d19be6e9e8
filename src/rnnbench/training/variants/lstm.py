"""Long short-term memory (Hochreiter & Schmidhuber, 1997), torch.nn."""

from torch import nn

from rnnbench.training.initial import uniform

initial = uniform


def build(input_size: int, hidden_size: int) -> nn.Module:
    return nn.LSTM(input_size, hidden_size)
