"""The machine a job runs on: a name from its hardware, its devices, its fingerprint."""

import hashlib
import math
import os
import platform
import re
import resource
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pynvml

import rnnbench

CPU_FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "cache size")
UNKNOWN = "unknown"
CONTROL_GROUP = "/sys/fs/cgroup"


def name() -> str:
    """Name the hardware: CPU, usable cores, memory, GPUs, and a hash to tell namesakes apart.

    No host name, user name or address is in it.
    """
    parts = [_cpu()["model name"], f"{usable_cores()}c", f"{memory_gib()}g", *gpus()]
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")
    words = re.sub(r"-(r|tm|cpu|processor|with|radeon|graphics)(?=-)", "", words)
    mark = hashlib.sha256(repr([sorted(_cpu().items()), parts]).encode()).hexdigest()[:6]
    return f"{words}-{mark}"


def unavailable() -> dict[str, str]:
    """Device -> why it cannot be used here. Asks the driver and the installed torch, loads neither.

    The CPU can always be used.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return {"cuda": "CUDA_VISIBLE_DEVICES hides every GPU"}
    if not gpus():
        return {"cuda": "no NVIDIA GPU with a working driver found"}
    if _torch_cuda() is None:
        return {"cuda": "a GPU is there, but this build of torch has no CUDA"}
    return {}


def usable_cores() -> int:
    """CPU cores this process may run on, and may use up by the quota of its control group."""
    mask = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
    return max(1, min(len(mask), core_quota()))


def core_quota() -> int:
    """Cores' worth of CPU time that Linux grants the control group, rounded up."""
    quota, _, period = read(f"{CONTROL_GROUP}/cpu.max").partition(" ")
    return math.ceil(int(quota) / int(period)) if quota.isdigit() else sys.maxsize


def memory_gib() -> int:
    """Main memory, rounded to GiB."""
    return round(psutil.virtual_memory().total / 2**30)


def gpus() -> list[str]:
    """Names of the NVIDIA GPUs the driver shows."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    count = pynvml.nvmlDeviceGetCount()
    return [pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(i)) for i in range(count)]


def fingerprint() -> dict[str, Any]:
    """Describe the machine that runs this process; what cannot be read is ``unknown``."""
    cpu = _cpu()
    return {
        "machine": name(),
        "cpu_model": cpu["model name"],
        "cpu_flags": cpu["flags"],
        "cpu_cache": cpu["cache size"],
        "usable_cores": usable_cores(),
        "hardware_threads": os.cpu_count(),
        "cpu_governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_gib": memory_gib(),
        "load_average": load_average(),
        "gpus": ", ".join(gpus()) or "none",
        "system": f"{platform.system()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip() or UNKNOWN,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
        "torch_cuda": _torch_cuda() or "none",
        "snakemake": version("snakemake"),
        "rnnbench": rnnbench.__version__,
    }


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


def _cpu() -> dict[str, str]:
    """Read the first processor's fields of CPU_FIELDS."""
    listing = read("/proc/cpuinfo").partition("\n\n")[0]
    pairs = (line.partition(":") for line in listing.splitlines())
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    found = {key: fields.get(key, UNKNOWN) for key in CPU_FIELDS}
    if found["model name"] == UNKNOWN:
        found["model name"] = platform.processor() or platform.machine()
    return found


def _torch_cuda() -> str | None:
    """CUDA version the installed torch was built with, without importing torch."""
    folder = Path(find_spec("torch").submodule_search_locations[0])
    found = re.search(r"^cuda.*= '([\d.]+)'", (folder / "version.py").read_text(), re.MULTILINE)
    return found and found.group(1)


def read(path: str) -> str:
    """Text of a file that the system offers, or ``unknown``."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return UNKNOWN
