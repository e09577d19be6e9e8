"""Whether torch can compute on the GPU here. Only doing it tells: one process does a small product.

A driver that answers says little: it may be older than the CUDA of the installed torch, whose
kernels may not be for this GPU, and others may hold all its memory.
"""

import json
import os
import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from rnnbench.machine import gpus

ANSWER = "RNNBENCH_CUDA"  # environment of jobs: what was asked of which GPU, and what it said
MOST_SECONDS = 180  # a driver that starts may take one minute
MOST_LETTERS = 200
HIDDEN = "CUDA_VISIBLE_DEVICES hides every GPU"
NO_GPU = "no NVIDIA GPU with a working driver found"
NO_CUDA = "a GPU is there, but this build of torch has no CUDA"
PRODUCT = """
import json
try:
    import torch
    a = torch.arange(64.0).reshape(8, 8) % 7
    right = torch.equal((a.cuda() @ a.cuda()).cpu(), a @ a)
    why = "" if right else "a product of whole numbers came out wrong"
    print(json.dumps([torch.cuda.get_device_name(0), why]))
except Exception as error:
    print(json.dumps(["", f"{type(error).__name__}: {error}".partition(chr(10))[0]]))
"""


def refusal() -> str | None:
    """Why torch cannot compute on a GPU here, or None; loads no CUDA into this process.

    What the product said holds for this process and all that it starts: a study is one with its
    jobs, even if the memory of the GPU is taken meanwhile.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible in {"", "-1"}:
        return HIDDEN
    if gpus.used() is None:
        return NO_GPU if visible is None else f"{NO_GPU}; CUDA_VISIBLE_DEVICES is {visible}"
    if torch_cuda() is None:
        return NO_CUDA
    asked = [platform.node(), gpus.identity(), visible, torch_cuda()]
    kept = json.loads(os.environ.get(ANSWER, "[]"))
    if kept[:-1] != asked:
        kept = [*asked, _answer()]
        os.environ[ANSWER] = json.dumps(kept)
    return str(kept[-1]) or None


def torch_cuda() -> str | None:
    """CUDA version the installed torch was built with, without importing torch."""
    spec = find_spec("torch")
    assert spec is not None and spec.origin is not None  # it is a dependency
    version = Path(spec.origin).with_name("version.py").read_text()
    found = re.search(r"^cuda.*= '([\d.]+)'", version, re.MULTILINE)
    return found and found.group(1)


def _answer() -> str:
    """What is wrong with the product; empty if nothing is."""
    line = [sys.executable, "-c", PRODUCT]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=MOST_SECONDS)
        name, why = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        name, why = "", f"no answer after {MOST_SECONDS} s"
    except (IndexError, ValueError):
        name, why = "", f"the process ended with status {done.returncode}"
    expected = gpus.identity().rpartition(", ")[0]
    if not why and name != expected and name in gpus.answers(gpus.FACTS["gpus"]):
        return (
            f"expected torch to take the GPU {expected}, found it take {name}. Unset "
            "CUDA_DEVICE_ORDER, or name one GPU by its UUID in CUDA_VISIBLE_DEVICES"
        )
    driver, cuda, capability = map(
        gpus.of_used, (gpus.FACTS[f"gpu_{name}"] for name in ("driver", "cuda", "capability"))
    )
    told = f"driver {driver} for CUDA {cuda}, torch for CUDA {torch_cuda()}, compute capability "
    return why and f"the GPU {expected} does not compute: {why[:MOST_LETTERS]} ({told}{capability})"
