"""Vanilla recurrent network (Elman, 1990), backpropagation through time written out."""

import torch
from torch import Tensor


class Loop:
    """H_t = tanh(pre_t + H_{t-1} W_hh'), d2l equation 8.4.5."""

    def __init__(self, T: int, B: int, weight_hh: Tensor, bias_hh: Tensor):
        self.W_hh, H = weight_hh, weight_hh.shape[1]
        self.pre, self.slope = weight_hh.new_empty(2, T, B, H)
        self.H = weight_hh.new_empty(T + 1, B, H)
        self.carried = (self.H,)

    @staticmethod
    def bias(bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
        return bias_ih + bias_hh

    def forward(self) -> None:
        for pre, H, new in zip(self.pre, self.H[:-1], self.H[1:], strict=True):
            torch.tanh(pre.addmm_(H, self.W_hh.T), out=new)

    def backward(self, dH: Tensor) -> tuple[Tensor, Tensor]:
        d = self.pre
        torch.mul(self.H[1:], self.H[1:], out=self.slope).neg_().add_(1)
        for t in reversed(range(len(d))):
            torch.mul(dH[t], self.slope[t], out=d[t])
            if t:
                dH[t - 1].addmm_(d[t], self.W_hh)
        return d, d
