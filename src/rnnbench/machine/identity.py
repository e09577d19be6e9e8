"""The machine a job runs on: a name from its hardware, its devices, its cores and memory.

**The name** is words for people (processor, usable cores, memory, GPUs) and a mark: six digits of
a hash of :func:`identity`. In it goes what is the same from boot to boot and differs between
machines: make, family, model and stepping of the processor, instruction sets, whether it is a
virtual machine, caches, sockets, cores, memory, name and memory of the GPU that torch calls
``cuda:0``, or of the slice of one (MIG). Out of it stays what software decides: the kernel's whole
list of flags, the highest clock (two drivers of one processor tell two), the clock of the moment,
the governor, free memory, load, versions, host and user names; and GPUs that are not used.

Machines of one model share the name: it names a class of machines. Who has twins, or studies a
machine from another one, says so in the configuration (``machine``): the name, or the name, a
hyphen and a label. ``python -m rnnbench machine`` prints the name of this one.
"""

import argparse
import ctypes
import hashlib
import math
import os
import platform
import re
import resource
import sys
from collections.abc import Sequence

import psutil

from rnnbench.base.errors import MachineError
from rnnbench.machine import control_group, cuda, gpus, processor
from rnnbench.machine.processor import UNKNOWN, read

CALLED_ON = "RNNBENCH_CALLED_ON"  # environment of jobs: the machine that Snakemake was called on
NAME = re.compile(r".*?-?(?P<cores>\d+)c-\d+g-(?P<gpus>.+?-)??[0-9a-f]{6}(-.+)?")


def main(arguments: Sequence[str]) -> int:
    """Print the name; the status to end with."""
    does = "Print the name of this machine, which results are filed under."
    argparse.ArgumentParser("python -m rnnbench machine", description=does).parse_args(arguments)
    print(name())
    return 0


def name() -> str:
    """Name the hardware. No host name, user name or address is in it."""
    gpu = gpus.identity().rpartition(", ")[0]
    parts = [cpu_model(), f"{usable_cores()}c", f"{memory_gib()}g", gpu]
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")
    words = re.sub(r"-(r|tm|cpu|processor|with|radeon|graphics)(?=-)", "", words)
    mark = hashlib.sha256(repr(sorted(identity().items())).encode()).hexdigest()[:6]
    return f"{words}-{mark}"


def identity() -> dict[str, str]:
    """All that decides the mark of the name."""
    gpu = gpus.identity()
    return processor.identity() | {
        "cpu_model": cpu_model(),
        "architecture": platform.machine(),
        "usable_cores": str(usable_cores()),
        "memory_gib": str(memory_gib()),
        "gpus": "" if gpu == gpus.NONE else gpu,
    }


def asked(expected: str) -> tuple[str, dict[str, str], int]:
    """Name, unavailable devices and usable cores of the machine that a study is made for.

    Args:
        expected: ``auto``, the one that Snakemake is called on; or the name of one. Of another one
            than this, cores and GPUs are read off the name.

    Raises:
        MachineError: it is no such name.
    """
    here = name()
    if expected == "auto":
        expected = os.environ.get(CALLED_ON, here)
    if is_of(expected, here):
        return expected, unavailable(), usable_cores()
    told = NAME.fullmatch(expected)
    if told is None:
        raise MachineError(
            f"machine: expected auto, or the name of a machine as in {here} (to tell twins apart: "
            f"{here}-left), found {expected!r}. Take the name from results/machine of that machine."
        )
    without = {"cuda": f"the name {expected} has no GPU in it"}
    return expected, {} if told["gpus"] else without, int(told["cores"])


def is_of(expected: str, here: str) -> bool:
    """Whether results of ``expected`` may come from the machine ``here``: its name, or one with a
    label behind.
    """
    return expected == here or expected.startswith(f"{here}-")


def require(expected: str) -> str:
    """Return the name of this machine, which must be the one that results are filed under.

    Raises:
        MachineError: this is another machine.
    """
    here = name()
    if not is_of(expected, here):
        raise MachineError(
            f"expected a job on the machine {expected}, found it running on {here}. On a cluster, "
            "ask "
            f"for workers of the expected kind, or make the study for this one: machine: {here} in "
            "the configuration."
        )
    return here


def cpu_model() -> str:
    """The processor's name for itself; where it has none, its maker's number."""
    found = processor.listed()
    words = found.get("model name") or found.get("cpu") or ""
    if not words and "CPU part" in found:
        words = f"arm {found.get('CPU implementer', '')} {found['CPU part']}"
    return words or _of_mac() or platform.processor() or platform.machine()


def unavailable() -> dict[str, str]:
    """Device -> why it cannot be used here, of those that cannot. The CPU always can."""
    why = cuda.refusal()
    return {"cuda": why} if why else {}


def usable_cores() -> int:
    """CPU cores this process may run on, and may use up whole by the quota of its control group."""
    masked = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if masked else os.cpu_count() or 1
    return max(1, math.floor(min(cores, control_group.cpu_cores() or math.inf)))


def cpu_quota_cores() -> float | str:
    """Cores' worth of CPU time that the control group may use; ``none``: all there is."""
    return _granted(control_group.cpu_cores(), 1, digits=2)


def memory_gib() -> int:
    """Main memory, rounded to GiB."""
    return round(psutil.virtual_memory().total / 2**30)


def memory_limit_gib() -> float | str:
    """GiB that the control group may use; ``none``: all there is."""
    return _granted(control_group.memory_bytes(), 2**30, digits=1)


def load_average() -> float:
    """Processes that ran or waited during the last minute."""
    return round(psutil.getloadavg()[0], 2)


def peak_memory_bytes() -> int:
    """Largest resident memory of this process so far.

    On Linux it is read from the memory's own record, which begins with the program: what getrusage
    tells is handed on from the process that started this one.
    """
    record = re.search(r"^VmHWM:\s+(\d+) kB", read("/proc/self/status"), re.MULTILINE)
    if record:
        return 1024 * int(record.group(1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _granted(found: float | None, unit: int, digits: int) -> float | str:
    """What a control group grants, in words where it is no number."""
    if found is None:
        return UNKNOWN
    return round(found / unit, digits) if math.isfinite(found) else "none"


def _of_mac() -> str:
    """What macOS calls the processor, asked of the system library."""
    if sys.platform != "darwin":
        return ""
    words, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
    ask = ctypes.CDLL(None).sysctlbyname
    failed = ask(b"machdep.cpu.brand_string", words, ctypes.byref(size), None, 0)
    return "" if failed else words.value.decode()
