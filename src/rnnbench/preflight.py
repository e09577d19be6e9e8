"""What may move a timing: read before it, recorded with it, never changed.

What cannot be read is ``unknown``; without a GPU its fields are ``none``.
"""

import re
from collections.abc import Callable
from typing import Any

import psutil
import pynvml

from rnnbench import machine
from rnnbench.machine import UNKNOWN, read

CPU = "/sys/devices/system/cpu"
BUSY = 0.5  # processes that ran or waited during the last minute, per usable core
NONE = "none"


def facts() -> dict[str, Any]:
    """What stays as it is while the suite runs: settings of processor, GPU and torch.

    Imports torch.
    """
    return {
        "smt": {"1": "on", "0": "off"}.get(read(f"{CPU}/smt/active"), UNKNOWN),
        "turbo": turbo(),
        "hypervisor": "yes" if " hypervisor" in read("/proc/cpuinfo") else "none seen",
        "numa_nodes": read("/sys/devices/system/node/online"),
        "transparent_hugepages": _chosen(read("/sys/kernel/mm/transparent_hugepage/enabled")),
        "gpu_driver": _nvml(lambda gpu: pynvml.nvmlSystemGetDriverVersion()),
        "gpu_memory_gib": _nvml(
            lambda gpu: round(pynvml.nvmlDeviceGetMemoryInfo(gpu).total / 2**30)
        ),
        "gpu_power_cap_watts": _nvml(
            lambda gpu: pynvml.nvmlDeviceGetPowerManagementLimit(gpu) / 1e3
        ),
        "gpu_highest_clock_mhz": _nvml(
            lambda gpu: pynvml.nvmlDeviceGetMaxClockInfo(gpu, pynvml.NVML_CLOCK_SM)
        ),
        **torch_facts(),
    }


def conditions() -> dict[str, Any]:
    """What changes from minute to minute: loads, clocks, temperatures. Does not import torch."""
    return {
        "load_average": machine.load_average(),
        "free_memory_gib": round(psutil.virtual_memory().available / 2**30, 1),
        "cpu_mhz": cpu_mhz(),
        "gpu_clock_mhz": _nvml(
            lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM)
        ),
        "gpu_celsius": _nvml(
            lambda gpu: pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU)
        ),
        "gpu_throttle_reasons": _nvml(
            lambda gpu: hex(pynvml.nvmlDeviceGetCurrentClocksEventReasons(gpu))
        ),
    }


def doubts(found: dict[str, Any]) -> list[str]:
    """Say what in facts and conditions makes timings doubtful; nobody's settings are changed."""
    said = []
    if found["load_average"] > BUSY * machine.usable_cores():
        said.append(f"others keep this machine busy: load average {found['load_average']}")
    governor = read(f"{CPU}/cpu0/cpufreq/scaling_governor")
    if governor not in {UNKNOWN, "performance"}:
        said.append(f"the processor's clock follows the governor {governor}")
    if found["gpu_throttle_reasons"] not in {NONE, UNKNOWN, "0x0", "0x1"}:  # 0x1: idle
        said.append(f"the GPU is slowed down: {found['gpu_throttle_reasons']}")
    return said


def turbo() -> str:
    """Whether the processor may exceed its base clock."""
    off = read(f"{CPU}/intel_pstate/no_turbo")
    if off in {"0", "1"}:
        return {"0": "on", "1": "off"}[off]
    return {"1": "on", "0": "off"}.get(read(f"{CPU}/cpufreq/boost"), UNKNOWN)


def cpu_mhz() -> float | str:
    """Mean clock of the cores as the system tells it."""
    try:
        found = psutil.cpu_freq()
    except (OSError, NotImplementedError, RuntimeError):
        return UNKNOWN
    return round(found.current) if found else UNKNOWN


def torch_facts() -> dict[str, Any]:
    """How torch was built, and the switches that change its speed or its numbers."""
    import torch

    config = torch.__config__.show()
    blas = re.search(r"BLAS_INFO=(\w+)", config)
    return {
        "blas": blas.group(1) if blas else UNKNOWN,
        "blas_version": _line(config, "Math Kernel Library|OpenBLAS"),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "openmp": _line(config, "OpenMP"),
        "default_threads": torch.get_num_threads(),
        "torch_build": " ".join(config.split()),
        "denormals": "kept" if torch.tensor(1e-40) * 1 > 0 else "flushed to zero",
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "tf32_matmul": _switch(lambda: torch.backends.cuda.matmul.allow_tf32),
        "tf32_cudnn": _switch(lambda: torch.backends.cudnn.allow_tf32),
        "cudnn": torch.backends.cudnn.version() or NONE,
        "cudnn_benchmark": _switch(lambda: torch.backends.cudnn.benchmark),
    }


def _switch(ask: Callable[[], bool]) -> str:
    return "on" if ask() else "off"


def _chosen(options: str) -> str:
    """``[madvise]`` of ``always [madvise] never``."""
    found = re.search(r"\[(\w+)\]", options)
    return found.group(1) if found else UNKNOWN


def _line(text: str, words: str) -> str:
    found = re.search(rf"^.*(?:{words}).*$", text, re.MULTILINE)
    return found.group().strip(" -") if found else UNKNOWN


def _nvml(ask: Callable[[Any], Any]) -> Any:
    """The answer of the first GPU."""
    if not machine.gpus():
        return NONE
    try:
        return ask(pynvml.nvmlDeviceGetHandleByIndex(0))
    except pynvml.NVMLError:
        return UNKNOWN
