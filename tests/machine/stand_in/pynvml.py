"""The real module over a driver that is none: its GPUs are those of STAND_IN_GPUS, in JSON.

A GPU is an object of ``name``, ``uuid``, ``gib`` and what else is asked for; ``error`` is the code
that asking for its handle ends with, ``slices`` are its MIG devices.
"""

import ctypes
import json
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

HERE = Path(__file__).resolve().parent
OTHERS = [path for path in sys.path if Path(path).resolve() != HERE]
exec(Path(PathFinder.find_spec("pynvml", OTHERS).origin).read_text(), globals())

FINE, NOT_SUPPORTED, NOT_FOUND, TOO_SMALL, NOT_LOADED = 0, 3, 6, 7, 9


def number(handle) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value


def give(place, value) -> int:
    ctypes.cast(place, ctypes.POINTER(ctypes.c_void_p))[0] = value
    return FINE


class Driver:
    """The functions of libnvidia-ml that are asked here; a handle is 100 a GPU, 1 a slice."""

    def __init__(self, gpus):
        self.gpus = gpus

    def part(self, handle):
        whole, slice_ = divmod(number(handle), 100)
        gpu = self.gpus[whole - 1]
        return gpu["slices"][slice_ - 1] if slice_ else gpu

    def nvmlInitWithFlags(self, flags):
        return FINE if self.gpus else NOT_LOADED

    def nvmlSystemGetDriverVersion(self, text, size):
        text.value = b"470.57.02"
        return FINE

    def nvmlSystemGetCudaDriverVersion(self, version):
        version._obj.value = 11040
        return FINE

    def nvmlDeviceGetCount_v2(self, count):
        count._obj.value = len(self.gpus)
        return FINE

    def nvmlDeviceGetHandleByIndex_v2(self, index, handle):
        gpu = self.gpus[index.value]
        return gpu.get("error") or give(handle, 100 * (index.value + 1))

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu, count):
        count._obj.value = 7
        return FINE if "slices" in self.part(gpu) else NOT_SUPPORTED

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu, index, handle):
        if index.value >= len(self.part(gpu)["slices"]):
            return NOT_FOUND
        return give(handle, number(gpu) + index.value + 1)

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, part, handle):
        whole, slice_ = divmod(number(part), 100)
        return give(handle, 100 * whole) if slice_ else NOT_SUPPORTED

    def nvmlDeviceGetName(self, gpu, text, size):
        text.value = self.part(gpu)["name"].encode()
        return FINE

    def nvmlDeviceGetUUID(self, gpu, text, size):
        text.value = self.part(gpu)["uuid"].encode()
        return FINE

    def nvmlDeviceGetMemoryInfo(self, gpu, memory):
        memory._obj.total = self.part(gpu)["gib"] << 30
        return FINE

    def nvmlDeviceGetClockInfo(self, gpu, kind, clock):
        clock._obj.value = 1980
        return NOT_SUPPORTED if number(gpu) % 100 else FINE

    def nvmlDeviceGetCurrentClocksEventReasons(self, gpu, reasons):
        reasons._obj.value = self.part(gpu).get("reasons", 0)
        return FINE

    def nvmlDeviceGetComputeRunningProcesses_v3(self, gpu, count, processes):
        there = self.part(gpu).get("processes", 0)
        if there and processes is None:
            count._obj.value = there
            return TOO_SMALL
        count._obj.value = there
        return FINE

    def nvmlDeviceGetUtilizationRates(self, gpu, rates):
        if "busy" not in self.part(gpu):
            return NOT_SUPPORTED
        rates._obj.gpu = self.part(gpu)["busy"]
        return FINE


nvmlLib = Driver(json.loads(os.environ["STAND_IN_GPUS"]))
