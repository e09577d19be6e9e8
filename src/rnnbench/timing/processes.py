"""Fresh processes for work that is timed.

An :class:`Interpreter` is a new Python that has imported torch and computed nothing. Each piece of
work runs in a process forked from it, so that the import, longer than most measurements, is paid
once for a whole round of them; addresses and hash seeds are drawn anew with each interpreter. Where
a fork is not safe (macOS, Windows), each piece of work gets an interpreter of its own.

``python -m rnnbench.timing.processes`` serves: a JSON line in, a JSON line out.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO, cast

from rnnbench.base import digests, plugins
from rnnbench.base.digests import Source
from rnnbench.base.errors import SourceError
from rnnbench.base.parameters import TimingConfig
from rnnbench.base.parent import die_with_parent

COMMAND = [sys.executable, "-m", "rnnbench.timing.processes"]
FORKS = sys.platform == "linux"
PROTOCOL = 4  # raised by hand when an edit makes timed work other work, or makes its time another
MOST_SECONDS = 900  # a process that takes longer is stuck; compiling takes minutes at most
PRELOADED = ("rnnbench.timing.work.speed",)  # imports, and nothing that computes


@dataclass(frozen=True)
class Text:
    """What is trained on."""

    ids: Path  # file of its tokens, ``(N,)``, npy
    vocab_size: int  # of its vocabulary
    # what every process must be made of that reads it; None: of whatever lies here
    source: Source | None = None

    @property
    def num_tokens(self) -> int:
        """Its length."""
        import numpy as np  # here: an interpreter that is asked for work has no need of it

        return len(np.load(self.ids, mmap_mode="r"))


class WorkError(Exception):
    """Work that ended without rows: why, in one line. The log has more."""


@dataclass
class Interpreter:
    """Does work, piece by piece; a context."""

    text: Text  # given to all work
    log: Path  # file to which whatever a piece prints is appended
    process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def rows(self, work: str, timing: TimingConfig) -> list[dict[str, Any]]:
        """Return ``rows(timing, tokens, vocab_size)`` of a kind of work, from a process of its own.

        Raises:
            WorkError: it raised, was killed or took too long.
            SourceError: it was done by other code than the job was given.
        """
        process = self.process or self.start()
        task = {"work": work, "timing": timing.as_row(), "vocab_size": self.text.vocab_size}
        task |= {"ids": str(self.text.ids), "source": self.text.source}
        try:
            print(json.dumps(task), file=process.stdin, flush=True)
            answer = json.loads(cast(TextIO, process.stdout).readline() or '{"failed": "it died"}')
        except (OSError, ValueError) as error:
            answer = {"failed": f"no answer ({error})"}
        if "rows" not in answer or not FORKS:
            self.stop()
        if "edited" in answer:
            raise SourceError(answer["edited"])
        if "failed" in answer:
            raise WorkError(answer["failed"])
        return answer["rows"]

    def start(self) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self.log.open("a") as errors:
            self.process = subprocess.Popen(COMMAND, stderr=errors, text=True, **pipes)
        return self.process

    def stop(self) -> None:
        """End the interpreter; it has no work then."""
        if self.process is not None:
            with contextlib.suppress(BrokenPipeError), self.process:  # it may be gone already
                self.process.kill()
            self.process = None


def serve(tasks: Iterator[str], answers: TextIO) -> None:
    """Do every task in its turn, until the asking process has gone."""
    die_with_parent()
    for name in PRELOADED:
        importlib.import_module(name)
    for task in tasks:
        if not FORKS:
            answer(task, answers)
            return
        child = os.fork()
        if child == 0:
            die_with_parent()
            signal.alarm(MOST_SECONDS)
            answer(task, answers)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"failed": death(status)}), file=answers, flush=True)


def answer(task: str, answers: TextIO) -> None:
    """Do one task and write its rows, or why there are none."""
    try:
        found: dict[str, Any] = {"rows": do(**json.loads(task))}
    except SourceError as error:
        found = {"edited": str(error)}
    except Exception as error:
        traceback.print_exc()
        found = {"failed": " ".join(f"{type(error).__name__}: {error}".split())}
    sys.stdout.flush()
    sys.stderr.flush()
    print(json.dumps(found), file=answers, flush=True)


def do(
    work: str, timing: dict[str, Any], ids: str, vocab_size: int, source: Source | None
) -> list[dict[str, Any]]:
    """Do a piece of work in this process; whatever it imports, it has imported then."""
    import numpy as np
    import torch

    from rnnbench.training.arithmetic import precision

    config = TimingConfig.from_strings(timing)
    precision.use(config.dtype)
    torch.set_num_threads(config.threads)
    tokens = np.load(ids, allow_pickle=False)
    found = plugins.load("work", work).rows(config, tokens, vocab_size)
    digests.require(source)
    return cast(list[dict[str, Any]], found)


def death(status: int) -> str:
    """Say how a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return f"no end after {MOST_SECONDS} s"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def private_output() -> TextIO:
    """Keep standard output for answers; what any library prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(iter(sys.stdin.readline, ""), private_output())
