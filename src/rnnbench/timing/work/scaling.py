"""Training steps at other sizes and beside other processes: what the cost model is fitted to."""

import contextlib
import json
import math
import select
import subprocess
import sys
import time
from typing import Any, TextIO, cast

import numpy as np
import psutil
import torch

from rnnbench.base.parameters import TimingConfig
from rnnbench.timing import windows
from rnnbench.timing.work import limit, speed
from rnnbench.training import samplers
from rnnbench.training.arithmetic import precision

WORKER = "from rnnbench.timing.work.scaling import worker; worker()"


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row per window of training steps, with sizes, start and memory.

    ``start_seconds`` is the time from the birth of this process to its first training step;
    ``base_memory_bytes`` is what it held on its device before there was a model. A window of this
    process ran beside ``parallel`` - 1 others of its kind.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    born = time.time() - psutil.Process().create_time()
    base = windows.peak_memory_bytes(timing.device)
    stepping, start = speed.started(timing, tokens, vocab_size)
    found = windows.rows(timing, stepping)
    key = limit.architecture(timing, vocab_size).as_row() | {"parallel": 1}
    key |= {"base_memory_bytes": base, "start_seconds": born + start["initialisation_seconds"]}
    key |= {"peak_memory_bytes": windows.peak_memory_bytes(timing.device)}
    return [key | row for row in found]


def parallel_rows(
    timing: TimingConfig, tokens: np.ndarray, vocab_size: int, parallel: int
) -> list[dict[str, Any]]:
    """Return the counted windows of ``parallel`` fresh processes that train side by side.

    The windows begin together, and a process that has done its own trains on until all have. The
    pace of the cores is not asked: each slows the others, which is what is measured.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    task = json.dumps({"timing": timing.as_row(), "vocab_size": vocab_size, "parallel": parallel})
    text = json.dumps(tokens.tolist())
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(_started(f"{task}\n{text}\n")) for _ in range(parallel)]
        for process in workers:
            _hear(process)  # it is warm
        for process in workers:
            _tell(process, "go\n")
        lines = [_hear(process) for process in workers]
    return [row | {"process": k} for k, line in enumerate(lines, 1) for row in json.loads(line)]


def _started(task: str) -> subprocess.Popen[str]:
    """A process that has its task; leaving its block closes its input, which ends it."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", WORKER], **pipes)
    _tell(process, task)
    return process


def _tell(process: subprocess.Popen[str], words: str) -> None:
    pipe = cast(TextIO, process.stdin)
    pipe.write(words)
    pipe.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    return cast(TextIO, process.stdout).readline()


def worker() -> None:
    """Warm up, say so, wait for the word, time the windows, write them, train on until told."""
    task, tokens = (json.loads(sys.stdin.readline()) for _ in range(2))
    timing = TimingConfig.from_strings(task["timing"])
    torch.set_num_threads(timing.threads)
    precision.use(timing.dtype)
    key = limit.architecture(timing, task["vocab_size"]).as_row()
    key |= timing.as_row() | {"parallel": task["parallel"], "counted": True}
    key |= {"pace_seconds": math.nan}
    stepping = speed.training_steps(timing, np.array(tokens), task["vocab_size"])
    num_minibatches = windows.calibrate(timing, stepping)
    list(windows.warm_up(timing, stepping, num_minibatches))
    print("warm", flush=True)
    sys.stdin.readline()
    rows = [
        key | {"window": i} | windows.window(timing.device, stepping, num_minibatches)
        for i in range(1, windows.WINDOWS + 1)
    ]
    memory = {"peak_memory_bytes": windows.peak_memory_bytes(timing.device)}
    print(json.dumps([row | memory for row in rows]), flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        next(stepping)
