"""One arm: trains by the source of one commit, some steps whenever it is asked, and times them.

Run as a file, with the commit's ``src`` as PYTHONPATH and the file of tokens as its argument, so
that both commits are timed by this very code; of the source it asks for what is imported below.
A JSON line in names a method of :class:`Arm` and its arguments, a JSON line out is what it returns.
"""

import itertools
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

SAME_STEPS = 5  # trained by both arms from the same weights before any is timed
WAITS = "/proc/thread-self/schedstat"  # its second number: nanoseconds spent waiting for a core


class Arm:
    """What is trained.

    Args:
        ids: file of the tokens, ``(N,)``, npy.
    """

    def __init__(self, ids: str):
        self.ids, self.clock = ids, clock_here()
        self.steps: Iterator[Any] = iter(())

    def protocol(self) -> int:
        """Number of the protocol of timed steps."""
        from rnnbench.timing.processes import PROTOCOL

        return PROTOCOL

    def open(self, timing: dict[str, Any], vocab_size: int, results: str) -> None:
        """Train SAME_STEPS from the seed of the process; save their losses and the weights."""
        import numpy as np
        import torch

        from rnnbench.base import plugins
        from rnnbench.base.parameters import TimingConfig
        from rnnbench.training import loop
        from rnnbench.training.arithmetic import precision
        from rnnbench.training.progress import Progress
        from rnnbench.training.update import by

        config = TimingConfig.from_strings(timing)
        precision.use(config.dtype)
        torch.set_num_threads(config.threads)
        model = plugins.load("work", "speed").model(config, vocab_size)
        generator = np.random.Generator(np.random.PCG64(config.process))
        progress = Progress(model, generator, by(config.implementation, config.variant, model))
        text = torch.from_numpy(np.load(self.ids).astype(np.int64)).to(config.device)
        epochs = (loop.steps(config, text, progress) for _ in itertools.count())
        self.steps = itertools.chain.from_iterable(epochs)
        losses = [loss for loss, _, _ in itertools.islice(self.steps, SAME_STEPS)]
        parts = [torch.stack(losses), *model.parameters()]
        np.save(results, torch.cat([p.detach().double().cpu().flatten() for p in parts]).numpy())

    def train(self, number: int) -> list[float]:
        """Train so many steps; the time of each, microseconds."""
        readings = [self.clock()]
        for _ in itertools.islice(self.steps, number):
            readings.append(self.clock())
        return [round(1e6 * (b - a), 1) for a, b in itertools.pairwise(readings)]


def clock_here() -> Callable[[], float]:
    """Seconds of wall time less those in which this thread waited for others to leave the core.

    Where the system does not tell these, all of the wall time.
    """
    try:
        file = os.open(WAITS, os.O_RDONLY)
    except OSError:
        return time.perf_counter
    return lambda: time.perf_counter() - 1e-9 * int(os.pread(file, 99, 0).split()[1])


def main(ids: str) -> None:
    """Answer until the asking process is gone."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print
    arm = Arm(ids)
    for line in iter(sys.stdin.readline, ""):
        name, arguments = json.loads(line)
        try:
            found = {"found": getattr(arm, name)(**arguments)}
        except Exception as error:  # whatever a commit lacks, it is to be said
            traceback.print_exc()
            found = {"failed": " ".join(f"{type(error).__name__}: {error}".split())}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
