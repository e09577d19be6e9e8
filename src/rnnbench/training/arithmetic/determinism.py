"""Where equal bits are to be had: ``fast``, on one machine; ``portable``, on unlike processors.

Libraries choose their instructions by the processor, and other instructions round otherwise.
``portable`` asks them for those that every x86-64 processor has, and works on one thread, at about
half the speed: it is for audits, and no speed is ever taken from it. The settings are read when
the libraries are loaded, so a process has them from its start or not at all.
"""

import os
import sys

from rnnbench.base.errors import UserError

MODES = ("fast", "portable")
PORTABLE = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "RNNBENCH_ISA": "portable",  # of the native training step
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def mode() -> str:
    """What this process works in, by its environment."""
    return "portable" if PORTABLE.items() <= os.environ.items() else "fast"


def settings() -> dict[str, str]:
    """The mode, and what the environment says to the libraries; what it is silent on is empty."""
    return {"mode": mode(), **{name: os.environ.get(name, "") for name in PORTABLE}}


def environment(expected: str) -> dict[str, str]:
    """The environment of a process that is to work in a mode: this one, changed.

    Raises:
        UserError: there is no such mode.
    """
    if expected not in MODES:
        raise UserError(f"determinism: expected {' or '.join(MODES)}, found {expected!r}.")
    kept = dict(os.environ)
    if expected == mode():
        return kept
    if expected == "portable":
        return kept | PORTABLE
    return {name: value for name, value in kept.items() if name not in PORTABLE}


def begin(expected: str) -> None:
    """Make this process work in a mode: where it does not yet, it starts anew as the same command.

    Under its own number, so that whoever waits for it, or ends it, need not know. To be called
    before anything is read or written.

    Raises:
        UserError: there is no such mode.
    """
    if expected != mode():
        changed = environment(expected)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], changed)
