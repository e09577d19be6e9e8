"""Gated recurrent unit (Cho et al., 2014), backpropagation through time written out."""

import torch
from torch import Tensor


class Loop:
    """R, Z = sigmoid, N_t = tanh(pre_n + R_t * hidden_n), H_t = Z_t * H_{t-1} + (1 - Z_t) * N_t."""

    def __init__(self, T: int, B: int, weight_hh: Tensor, bias_hh: Tensor):
        self.W_hh, self.b_hh, H = weight_hh, bias_hh, weight_hh.shape[1]
        self.pre, self.hidden, self.slopes = weight_hh.new_empty(3, T, B, 3 * H)
        self.slope_n, self.work = weight_hh.new_empty(2, T, B, H)
        self.H = weight_hh.new_empty(T + 1, B, H)
        self.carried = (self.H,)

    @staticmethod
    def bias(bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
        return bias_ih

    def forward(self) -> None:
        width = 2 * self.H.shape[2]
        hiddens = zip(self.pre, self.hidden, self.H[:-1], self.H[1:], strict=True)
        for pre, hidden, H, new in hiddens:
            torch.addmm(self.b_hh, H, self.W_hh.T, out=hidden)
            R, Z = pre[:, :width].add_(hidden[:, :width]).sigmoid_().chunk(2, dim=1)
            N = pre[:, width:].addcmul_(R, hidden[:, width:]).tanh_()
            torch.lerp(N, H, Z, out=new)

    def backward(self, dH: Tensor) -> tuple[Tensor, Tensor]:
        R, Z, N = self.pre.chunk(3, dim=2)
        of_R, of_Z, of_hidden = self.slopes.chunk(3, dim=2)
        hidden_n, work, slope_n = self.hidden.chunk(3, dim=2)[2], self.work, self.slope_n
        torch.mul(N, N, out=work).neg_().add_(1)
        torch.addcmul(work, work, Z, value=-1, out=slope_n)  # (1 - Z) (1 - N^2)
        torch.mul(slope_n, R, out=of_hidden)
        torch.addcmul(of_hidden, of_hidden, R, value=-1, out=of_R).mul_(hidden_n)
        torch.sub(self.H[:-1], N, out=of_Z)
        torch.addcmul(Z, Z, Z, value=-1, out=work)
        of_Z.mul_(work)
        d, (B, H) = self.hidden, dH.shape[1:]
        for t in reversed(range(len(d))):
            slopes = self.slopes[t].view(B, 3, H)
            torch.mul(dH[t].unsqueeze(1), slopes, out=d[t].view(B, 3, H))
            if t:
                dH[t - 1].addcmul_(dH[t], Z[t]).addmm_(d[t], self.W_hh)
        self.pre[..., : 2 * H] = d[..., : 2 * H]
        torch.mul(dH, slope_n, out=N)
        return self.pre, d
