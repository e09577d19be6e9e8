"""Long short-term memory (Hochreiter & Schmidhuber, 1997), its backpropagation written out."""

import torch
from torch import Tensor


class Loop:
    """Gates in torch.nn's order I, F, G, O; C_t = F_t C_{t-1} + I_t G_t, H_t = O_t tanh(C_t)."""

    def __init__(self, T: int, B: int, weight_hh: Tensor, bias_hh: Tensor):
        self.W_hh, H = weight_hh, weight_hh.shape[1]
        self.pre, self.slopes, self.d = weight_hh.new_empty(3, T, B, 4, H)
        self.H, self.C = weight_hh.new_empty(2, T + 1, B, H)
        self.tanh_C, self.through = weight_hh.new_empty(2, T, B, H)
        self.dC = weight_hh.new_empty(B, H)
        self.pre, self.gates = self.pre.flatten(2), self.pre
        self.carried = (self.H, self.C)

    @staticmethod
    def bias(bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
        return bias_ih + bias_hh

    def forward(self) -> None:
        for t, pre in enumerate(self.pre):
            pre.addmm_(self.H[t], self.W_hh.T)
            gates = self.gates[t]
            gates[:, :2].sigmoid_()
            gates[:, 2].tanh_()
            gates[:, 3].sigmoid_()
            I, F, G, O = gates.unbind(1)  # noqa: E741
            torch.mul(F, self.C[t], out=self.C[t + 1]).addcmul_(I, G)
            torch.tanh(self.C[t + 1], out=self.tanh_C[t])
            torch.mul(O, self.tanh_C[t], out=self.H[t + 1])

    def backward(self, dH: Tensor) -> tuple[Tensor, Tensor]:
        self._slopes()
        d, dC, (of_C, of_O) = self.d, self.dC.zero_(), self.slopes.split([3, 1], dim=2)
        for t in reversed(range(len(d))):
            dC.addcmul_(dH[t], self.through[t])
            torch.mul(dC.unsqueeze(1), of_C[t], out=d[t, :, :3])
            torch.mul(dH[t], of_O[t, :, 0], out=d[t, :, 3])
            if t:
                dC.mul_(self.gates[t, :, 1])
                dH[t - 1].addmm_(d[t].flatten(1), self.W_hh)
        return d.flatten(2), d.flatten(2)

    def _slopes(self) -> None:
        """How far each gate moves C (i, f, g) or H (o), and H moves with C, for all steps."""
        I, _, G, O = self.gates.unbind(2)  # noqa: E741
        torch.addcmul(self.gates, self.gates, self.gates, value=-1, out=self.slopes)
        of_I, of_F, of_G, of_O = self.slopes.unbind(2)
        of_I.mul_(G)
        of_F.mul_(self.C[:-1])
        torch.mul(G, G, out=of_G).neg_().add_(1).mul_(I)
        of_O.mul_(self.tanh_C)
        torch.mul(self.tanh_C, self.tanh_C, out=self.through).neg_().add_(1).mul_(O)
