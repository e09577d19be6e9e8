"""Types of number in which training is timed.

* ``float64`` and ``float32``: IEEE throughout. Left to itself, cuDNN runs a recurrent layer of
  float32 in TF32.
* ``tf32``: weights and activations of float32, products with 10 bits of mantissa where the GPU has
  them (cuBLAS and cuDNN).
* ``bfloat16``: weights, activations and gradients in bfloat16, no autocast and no float32 copy of
  the weights: what is timed is the traffic and the products. Small updates of plain gradient
  descent are lost to rounding, so it is no recipe for training.

torch is loaded by what needs it: a study asks what is unavailable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

STORED = {"tf32": "float32"}  # types whose numbers are kept in another


def unavailable(device: str, dtype: str) -> str | None:
    """Say in words why a device has no such type, if so."""
    if dtype == "tf32" and device != "cuda":
        return f"TF32 is a type of products on CUDA, not on {device}"
    return None


def stored(dtype: str) -> torch.dtype:
    """The type of weights and activations."""
    import torch

    return getattr(torch, STORED.get(dtype, dtype))


def use(dtype: str) -> None:
    """Allow TF32 in this process, or forbid it; nothing is left to a default.

    Of torch's two sets of switches the older is used: torch.compile reads it, and it moves the
    newer along.
    """
    import torch

    torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
    torch.backends.cudnn.allow_tf32 = dtype == "tf32"
