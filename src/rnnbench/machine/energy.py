"""Energy that a device took, where it can be read without special rights.

* CPU: the packages' counters under ``/sys/class/powercap`` (RAPL; Intel, and AMD since Zen), in
  microjoules. They count the whole package, other users and idle cores included, no memory. Many
  systems let none but the administrator read them; virtual machines have none.
* CUDA: the board's counter of NVML, in millijoules, of the GPU that torch calls the first. It moves
  some ten times a second, so short windows read too little or too much and their sum is right. The
  host's CPU is not in it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.machine.processor import UNKNOWN, read

POWERCAP = "/sys/class/powercap"


@dataclass(frozen=True)
class Zone:
    """A counter of the CPU: the folder of one package."""

    folder: Path  # with ``energy_uj``, which goes back to 0 after ``max_energy_range_uj``
    most: int  # that range, microjoules

    def read(self) -> int:
        """Microjoules since some start."""
        return int((self.folder / "energy_uj").read_text())

    def joules(self, before: int, after: int) -> float:
        """Joules between two readings, of which at most one turn of the counter is between."""
        return (after - before + (self.most + 1) * (after < before)) / 1e6


@dataclass(frozen=True)
class Board:
    """The counter of one GPU."""

    handle: object  # of NVML

    def read(self) -> int:
        """Millijoules since the driver was loaded."""
        import pynvml

        return pynvml.nvmlDeviceGetTotalEnergyConsumption(self.handle)

    def joules(self, before: int, after: int) -> float:
        return (after - before) / 1e3


@dataclass(frozen=True)
class Meter:
    """The counters of a device, read together."""

    source: str  # what they are; ``unknown: `` and why, if there are none
    counters: Sequence[Zone | Board] = ()  # those that are added up

    def read(self) -> list[int]:
        return [counter.read() for counter in self.counters]

    def joules(self, before: Sequence[int], after: Sequence[int]) -> float | None:
        """Joules between two readings; None where there is no counter."""
        spans = zip(self.counters, before, after, strict=True)
        return sum(one.joules(*span) for one, *span in spans) if self.counters else None


@functools.cache
def of(device: str) -> Meter:
    """The meter of the device that this process computes on; asked once per process."""
    return board() if device == "cuda" else packages(POWERCAP)


def sources() -> dict[str, str]:
    """What tells the energy of each device, as fields of the fingerprint; loads no CUDA."""
    return {"energy_cpu": packages(POWERCAP).source, "energy_gpu": _boards()}


def packages(folder: str | Path) -> Meter:
    """The CPU's packages below ``folder``, laid out as Linux does."""
    zones = sorted(Path(folder).glob("*-rapl:*"))
    found = {zone: read(zone / "name") for zone in zones if zone.name.count(":") == 1}
    chosen = [zone for zone, name in found.items() if name.startswith("package")]
    if not chosen:
        return Meter(f"{UNKNOWN}: the system shows no energy counter of a CPU package")
    try:
        counters = [Zone(z, int((z / "max_energy_range_uj").read_text())) for z in chosen]
        for counter in counters:
            counter.read()
    except PermissionError:
        return Meter(f"{UNKNOWN}: reading the energy counters of the CPU needs special rights")
    except (OSError, ValueError):
        return Meter(f"{UNKNOWN}: the energy counters of the CPU tell no numbers")
    return Meter("RAPL " + ", ".join(found[zone] for zone in chosen), counters)


def board() -> Meter:
    """The GPU that torch calls the first; a slice of one has no counter of its own."""
    import pynvml

    from rnnbench.machine import gpus

    try:
        counter = Board(gpus.used())
        counter.read()
    except pynvml.NVMLError as error:
        return Meter(f"{UNKNOWN}: NVML tells no energy of this GPU ({error})")
    return Meter("NVML total energy of the board", [counter])


def _boards() -> str:
    """What the GPUs say to being asked for their energy."""
    import pynvml

    from rnnbench.machine import gpus

    told = gpus.answers(pynvml.nvmlDeviceGetTotalEnergyConsumption)
    words = ["NVML total energy of the board" if joules != UNKNOWN else UNKNOWN for joules in told]
    return "; ".join(words) or "none"
