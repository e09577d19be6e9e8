"""The processor and its caches as the kernel shows them: files are read, nothing is started."""

import re
from pathlib import Path

import psutil

UNKNOWN = "unknown"
CPUINFO = "/proc/cpuinfo"
CPU = "/sys/devices/system/cpu"
CACHES = {"cpu_l1d_kib": ("1", "Data"), "cpu_l2_kib": ("2", ""), "cpu_l3_kib": ("3", "")}
X86 = ("vendor_id", "cpu family", "model", "model name", "stepping")
ARM = ("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision")
POWER = ("cpu", "revision")
# Sets that every kernel of the last ten years knows the name of. A newer kernel lists more flags
# of the same processor, and new microcode adds some, so the whole list names no hardware.
INSTRUCTION_SETS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve", "hypervisor")


def read(path: str | Path) -> str:
    """Text of a file that the system offers, or ``unknown``."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip() or UNKNOWN
    except OSError:
        return UNKNOWN


def listed() -> dict[str, str]:
    """Fields of the first processor in the kernel's list; empty where there is no such list."""
    lines = read(CPUINFO).partition("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def flags() -> str:
    """What the processor can do: ``flags`` on x86, ``Features`` on ARM; else ``unknown``."""
    found = listed()
    return found.get("flags") or found.get("Features") or UNKNOWN


def caches() -> dict[str, int | str]:
    """KiB of the first processor's data caches, by the names of the fingerprint."""
    folders = sorted(Path(CPU, "cpu0/cache").glob("index*"))
    sizes = {(read(f / "level"), read(f / "type")): _kib(read(f / "size")) for f in folders}
    return {
        name: next(
            (size for (at, kind), size in sizes.items() if at == level and kind.startswith(word)),
            UNKNOWN,
        )
        for name, (level, word) in CACHES.items()
    }


def sockets() -> int | str:
    """Packages that the processors sit in."""
    files = Path(CPU).glob("cpu[0-9]*/topology/physical_package_id")
    return len({read(file) for file in files} - {UNKNOWN}) or UNKNOWN


def physical_cores() -> int | str:
    """Cores, each once however many threads it runs."""
    return psutil.cpu_count(logical=False) or UNKNOWN


def identity() -> dict[str, str]:
    """What tells this processor from another, the same from boot to boot and kernel to kernel."""
    found, words = listed(), flags().split()
    own = {name: found[name] for name in (*X86, *ARM, *POWER) if name in found}
    sets = {name: "yes" for name in INSTRUCTION_SETS if name in words}
    counts = {"sockets": str(sockets()), "physical_cores": str(physical_cores())}
    return own | sets | counts | {name: str(size) for name, size in caches().items()}


def _kib(size: str) -> int | str:
    """KiB of ``32K`` or ``32M``."""
    found = re.fullmatch(r"(\d+)([KM])", size)
    return int(found[1]) * {"K": 1, "M": 1024}[found[2]] if found else UNKNOWN
