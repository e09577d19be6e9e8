"""The NVIDIA GPUs as their driver shows them (NVML). No CUDA is loaded by asking.

Facts tell of every GPU in the driver's order, ``; `` between them; conditions are those of the one
that is used, which torch calls ``cuda:0``. Without a GPU a field is ``none``, and what a GPU does
not tell is ``unknown``.
"""

import functools
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pynvml

from rnnbench.machine.processor import UNKNOWN

# torch then counts GPUs as the driver does, in every process that this one starts.
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
NONE = "none"
DRIVER = "RNNBENCH_GPU_DRIVER"  # environment of jobs: the driver that they were planned for
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
    return [_answer(question, handle) for handle in handles()]


def handles() -> list[Any]:
    """GPUs that this process may ask; one that is lost or forbidden is none to CUDA either."""
    found: list[Any] = []
    with suppress(pynvml.NVMLError):
        for number in range(pynvml.nvmlDeviceGetCount() if reached() else 0):
            with suppress(pynvml.NVMLError):
                found.append(pynvml.nvmlDeviceGetHandleByIndex(number))
    return found


def slices(gpu: Any) -> list[Any]:
    """The parts that a GPU is divided into (MIG); none of one that is whole."""
    found: list[Any] = []
    with suppress(pynvml.NVMLError):
        for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
            with suppress(pynvml.NVMLError):  # a free place
                found.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, number))
    return found


@functools.cache
def used() -> Any:
    """The GPU, or the slice of one, that torch calls ``cuda:0``; None: there is none.

    ``CUDA_VISIBLE_DEVICES`` names it by number, or by the beginning of its UUID.
    """
    asked = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    found = handles()
    if asked.isdigit():
        found = found[int(asked) :]
    else:
        parts = [part for gpu in found for part in (gpu, *slices(gpu))]
        told = [str(_answer(pynvml.nvmlDeviceGetUUID, part)) for part in parts]
        found = [p for p, uuid in zip(parts, told, strict=True) if asked and uuid.startswith(asked)]
    return [*slices(found[0]), found[0]][0] if found else None


@functools.cache
def identity() -> str:
    """Name and memory of the GPU that is used, as in ``NVIDIA H100 80GB HBM3, 80 GiB``.

    The name of a slice has its profile in it. Asked once: one that falls off the bus later does not
    change the name of the machine.
    """
    told = f"{of_used(pynvml.nvmlDeviceGetName)}, {of_used(_memory_gib)} GiB"
    return NONE if used() is None else told


def driver() -> str:
    """Version of the driver where jobs are planned, which jobs are told: on nodes it may differ."""
    return os.environ.setdefault(DRIVER, str(of_used(FACTS["gpu_driver"])))


def facts() -> dict[str, str]:
    """What stays as it is: hardware, driver, settings."""
    told = {name: _together(answers(question)) for name, question in FACTS.items()}
    return {"gpu": identity()} | told


def conditions() -> dict[str, Any]:
    """What changes from minute to minute, of the GPU that is used.

    Read under load, it tells what the load brings about, and this process is one of those on it.
    """
    return {name: of_used(question) for name, question in CONDITIONS.items()}


def of_used(question: Question) -> Any:
    """What the GPU that is used answers; where a slice cannot, the GPU that it is part of."""
    gpu, whole = used(), pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle
    if gpu is None:
        return NONE
    told = _answer(question, gpu)
    return _answer(lambda part: question(whole(part)), gpu) if told == UNKNOWN else told


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


def _memory_gib(gpu: Any) -> int:
    return round(pynvml.nvmlDeviceGetMemoryInfo(gpu).total / 2**30)


def _together(told: list[Any]) -> str:
    return "; ".join(map(str, told)) or NONE


def _switch(state: int) -> str:
    return "on" if state else "off"


def _dotted(parts: tuple[int, int]) -> str:
    return ".".join(map(str, parts))


def _cuda(number: int) -> str:
    """12040 is 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"


FACTS: dict[str, Question] = {
    "gpus": pynvml.nvmlDeviceGetName,
    "gpu_memory_gib": _memory_gib,
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
CONDITIONS: dict[str, Question] = {
    "gpu_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM),
    "gpu_memory_clock_mhz": lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_MEM),
    "gpu_celsius": lambda gpu: pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU),
    "gpu_watts": lambda gpu: round(pynvml.nvmlDeviceGetPowerUsage(gpu) / 1e3, 1),
    "gpu_used_memory_gib": lambda gpu: round(pynvml.nvmlDeviceGetMemoryInfo(gpu).used / 2**30, 1),
    "gpu_throttle_reasons": lambda gpu: slowed(pynvml.nvmlDeviceGetCurrentClocksEventReasons(gpu)),
    "gpu_processes": lambda gpu: len(pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)),
    "gpu_busy_percent": lambda gpu: pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
}
