"""The NVIDIA GPUs as their driver shows them (NVML). No CUDA is loaded by asking.

A field tells of every GPU in the driver's order, ``; `` between them; without a GPU it is ``none``,
and what a GPU does not tell is ``unknown``.
"""

import functools
from collections.abc import Callable
from typing import Any

import pynvml

from rnnbench.machine.processor import UNKNOWN

NONE = "none"
SLOWED = {  # bits of the reasons for a lower clock, in words
    **{0x1: "idle", 0x2: "application clocks", 0x4: "software power cap"},
    **{0x8: "hardware slowdown", 0x10: "sync boost", 0x20: "software thermal slowdown"},
    **{0x40: "hardware thermal slowdown", 0x80: "power brake", 0x100: "display clocks"},
}
HARMLESS = {NONE, UNKNOWN, "no reason", "idle"}
Question = Callable[[Any], Any]


@functools.cache
def reached() -> bool:
    """Whether a driver answers; asked once, since its start may take a second."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return False
    return True


def answers(question: Question) -> list[Any]:
    """What each GPU answers, in the driver's order."""
    if not reached():
        return []
    handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
    return [_answer(question, handle) for handle in handles]


def names() -> list[str]:
    """Name of each GPU, as in ``NVIDIA H100 80GB HBM3``."""
    return list(map(str, answers(pynvml.nvmlDeviceGetName)))


def memory_gib() -> list[Any]:
    """Memory of each GPU, rounded to GiB."""
    return answers(lambda gpu: round(pynvml.nvmlDeviceGetMemoryInfo(gpu).total / 2**30))


def facts() -> dict[str, str]:
    """What stays as it is: hardware, driver, settings."""
    asked: dict[str, Question] = {
        "gpus": pynvml.nvmlDeviceGetName,
        "gpu_memory_gib": lambda gpu: round(pynvml.nvmlDeviceGetMemoryInfo(gpu).total / 2**30),
        "gpu_driver": lambda gpu: pynvml.nvmlSystemGetDriverVersion(),
        "gpu_cuda": lambda gpu: _cuda(pynvml.nvmlSystemGetCudaDriverVersion()),
        "gpu_capability": lambda gpu: _dotted(pynvml.nvmlDeviceGetCudaComputeCapability(gpu)),
        "gpu_power_cap_watts": lambda gpu: pynvml.nvmlDeviceGetPowerManagementLimit(gpu) / 1e3,
        "gpu_highest_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetMaxClockInfo(
            gpu, pynvml.NVML_CLOCK_SM
        ),
        "gpu_highest_memory_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetMaxClockInfo(
            gpu, pynvml.NVML_CLOCK_MEM
        ),
        "gpu_persistence": lambda gpu: _switch(pynvml.nvmlDeviceGetPersistenceMode(gpu)),
        "gpu_ecc": lambda gpu: _switch(pynvml.nvmlDeviceGetEccMode(gpu)[0]),
        "gpu_mig": lambda gpu: _switch(pynvml.nvmlDeviceGetMigMode(gpu)[0]),
    }
    return {name: _together(answers(question)) for name, question in asked.items()}


def conditions() -> dict[str, str]:
    """What changes from minute to minute."""
    asked: dict[str, Question] = {
        "gpu_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM),
        "gpu_memory_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(
            gpu, pynvml.NVML_CLOCK_MEM
        ),
        "gpu_celsius": lambda gpu: pynvml.nvmlDeviceGetTemperature(
            gpu, pynvml.NVML_TEMPERATURE_GPU
        ),
        "gpu_watts": lambda gpu: round(pynvml.nvmlDeviceGetPowerUsage(gpu) / 1e3, 1),
        "gpu_used_memory_gib": lambda gpu: round(
            pynvml.nvmlDeviceGetMemoryInfo(gpu).used / 2**30, 1
        ),
        "gpu_throttle_reasons": lambda gpu: slowed(
            pynvml.nvmlDeviceGetCurrentClocksEventReasons(gpu)
        ),
    }
    return {name: _together(answers(question)) for name, question in asked.items()}


def slowed(bits: int) -> str:
    """Name the reasons for a lower clock; bits without a name as a number."""
    known = [word for bit, word in SLOWED.items() if bits & bit]
    rest = bits & ~sum(SLOWED)
    return ", ".join([*known, *([hex(rest)] if rest else [])]) or "no reason"


def _answer(question: Question, gpu: Any) -> Any:
    try:
        return question(gpu)
    except pynvml.NVMLError:
        return UNKNOWN


def _together(told: list[Any]) -> str:
    return "; ".join(map(str, told)) or NONE


def _switch(state: int) -> str:
    return "on" if state else "off"


def _dotted(parts: tuple[int, int]) -> str:
    return ".".join(map(str, parts))


def _cuda(number: int) -> str:
    """12040 is 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"
