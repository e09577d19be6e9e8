"""As much of torch as a small product takes, on the GPU that STAND_IN_TORCH says."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np

OLD = "The NVIDIA driver on your system is too old (found version 11040). Please update it"
KERNEL = "CUDA error: no kernel image is available for execution on the device\nCompile with"
FULL = "CUDA out of memory. Tried to allocate 2.00 MiB"
SAYS = {"old": OLD, "kernel": KERNEL, "full": FULL}
GPU, _, STATE = os.environ["STAND_IN_TORCH"].partition(": ")

with Path(os.environ["STAND_IN_LOADED"]).open("a") as loaded:
    print("loaded", file=loaded)


class Tensor(np.ndarray):
    def cuda(self):
        if STATE == "dies":
            os._exit(7)
        if STATE in SAYS:
            raise RuntimeError(SAYS[STATE])
        return self + (STATE == "wrong")

    def cpu(self):
        return self


def arange(end):
    return np.arange(end).view(Tensor)


equal = np.array_equal
cuda = SimpleNamespace(get_device_name=lambda number: GPU)
