"""What may move a timing: read before it, recorded with it, never changed. Nothing needs torch.

What cannot be read is ``unknown``; without a GPU its fields are ``none``.
"""

import re
from typing import Any

import psutil

from rnnbench.machine import gpus, identity, processor
from rnnbench.machine.processor import UNKNOWN, read

NUMA = "/sys/devices/system/node/online"
HUGEPAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
GPU_BUSY = 10  # percent of a second
BUSY = 0.5  # processes that ran or waited during the last minute, per usable core


def facts() -> dict[str, Any]:
    """What stays as it is while the suite runs: settings of the system and of the GPUs."""
    return {
        "cpu_governor": read(f"{processor.CPU}/cpu0/cpufreq/scaling_governor"),
        "cpu_driver": read(f"{processor.CPU}/cpu0/cpufreq/scaling_driver"),
        "smt": {"1": "on", "0": "off"}.get(read(f"{processor.CPU}/smt/active"), UNKNOWN),
        "turbo": turbo(),
        "hypervisor": _hypervisor(processor.flags()),
        "numa_nodes": read(NUMA),
        "transparent_hugepages": _chosen(read(HUGEPAGES)),
        **gpus.facts(),
    }


def conditions() -> dict[str, Any]:
    """What changes from minute to minute: loads, clocks, temperatures. Does not import torch."""
    return {
        "load_average": identity.load_average(),
        "free_memory_gib": round(psutil.virtual_memory().available / 2**30, 1),
        "cpu_mhz": cpu_mhz(),
        **gpus.conditions(),
    }


def doubts(found: dict[str, Any]) -> list[str]:
    """Say what in facts and conditions makes timings doubtful; nobody's settings are changed."""
    said = []
    if found["load_average"] > BUSY * identity.usable_cores():
        said.append(f"others keep this machine busy: load average {found['load_average']}")
    governor = read(f"{processor.CPU}/cpu0/cpufreq/scaling_governor")
    if governor not in {UNKNOWN, "performance"}:
        said.append(f"the processor's clock follows the governor {governor}")
    others, busy = found["gpu_processes"], found["gpu_busy_percent"]
    if (isinstance(others, int) and others) or (isinstance(busy, int) and busy > GPU_BUSY):
        said.append(f"others are on the GPU: processes {others}, busy {busy} %")
    if found["gpu_throttle_reasons"] not in gpus.HARMLESS:
        said.append(f"the GPU is slowed down: {found['gpu_throttle_reasons']}")
    return said


def turbo() -> str:
    """Whether the processor may exceed its base clock."""
    off = read(f"{processor.CPU}/intel_pstate/no_turbo")
    if off in {"0", "1"}:
        return {"0": "on", "1": "off"}[off]
    return {"1": "on", "0": "off"}.get(read(f"{processor.CPU}/cpufreq/boost"), UNKNOWN)


def cpu_mhz() -> float | str:
    """Mean clock of the cores as the system tells it."""
    try:
        found = psutil.cpu_freq()
    except (OSError, NotImplementedError, RuntimeError):
        return UNKNOWN
    return round(found.current) if found else UNKNOWN


def _hypervisor(flags: str) -> str:
    return UNKNOWN if flags == UNKNOWN else "yes" if "hypervisor" in flags.split() else "none seen"


def _chosen(options: str) -> str:
    """``[madvise]`` of ``always [madvise] never``."""
    found = re.search(r"\[(\w+)\]", options)
    return found.group(1) if found else UNKNOWN
