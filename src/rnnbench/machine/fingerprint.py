"""Who ran a job: everything about hardware, settings and software that may decide a number.

``fingerprint.yaml`` lists the fields, each with its meaning, unit and source, and what it means
that it is ``unknown``; ``docs/fingerprint.md`` is the same for reading. ``python -m
rnnbench fingerprint`` prints the record of this machine, ``--page`` the document. No host name,
user name, address or path is among the fields.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import yaml

import rnnbench
from rnnbench.machine import cuda, energy, identity, preflight, processor
from rnnbench.machine.processor import UNKNOWN

FIELDS = Path(__file__).with_suffix(".yaml")
NONE = "none"
TOLD = ("meaning", "unit", "source", "unknown")
INTRODUCTION = """\
# The fingerprint of a machine

Every field that describes a machine in the results. The command
`python -m rnnbench fingerprint --page > docs/fingerprint.md` writes this page from
`src/rnnbench/machine/fingerprint.yaml`. A fingerprint is read inside a job, on the machine that
runs the job: by a separate job for `results/machine/machine=.../record.json`, and by the timing
campaign for `results/speed/machine=.../fingerprint.json`. Values that cannot be read are `unknown`.
GPU fields are `none` without a GPU and list several GPUs separated by `; `; `gpu` and the
conditions are those of the one that jobs use. Conditions are read before and after the campaign,
with `_before` and `_after` appended to their names, and beside each timing on CUDA under load."""


def main(arguments: Sequence[str]) -> int:
    """Print the fingerprint as JSON, or the page on it; the status to end with."""
    parser = argparse.ArgumentParser(
        "python -m rnnbench fingerprint", description="Describe this machine, as JSON."
    )
    parser.add_argument("--page", action="store_true", help="print docs/fingerprint.md instead")
    print(page() if parser.parse_args(arguments).page else json.dumps(read()), end="")
    return 0


def read() -> dict[str, Any]:
    """Describe the machine and the software of this process. Imports torch."""
    return hardware() | preflight.facts() | software() | torch_facts() | energy.sources()


def read_elsewhere() -> dict[str, Any]:
    """The same from a process of its own, for those that must stay free of torch."""
    command = [sys.executable, "-m", "rnnbench", "fingerprint"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def hardware() -> dict[str, Any]:
    """Processor and memory, as the kernel tells them; what it keeps to itself, py-cpuinfo."""
    import cpuinfo  # starts processes, a second or two

    told = cpuinfo.get_cpu_info()
    guessed = {
        "cpu_l1d_kib": told.get("l1_data_cache_size"),
        "cpu_l2_kib": told.get("l2_cache_size"),
        "cpu_l3_kib": told.get("l3_cache_size"),
    }
    caches = {
        name: size if size != UNKNOWN else _kib(guessed[name])
        for name, size in processor.caches().items()
    }
    flags = processor.flags()
    return {
        "ran_on": identity.name(),
        "cpu_model": identity.cpu_model(),
        "cpu_vendor": told.get("vendor_id_raw") or UNKNOWN,
        "cpu_family_model_stepping": _dashed(told, ("family", "model", "stepping")),
        "cpu_flags": " ".join(sorted(told.get("flags", []))) if flags == UNKNOWN else flags,
        **caches,
        "cpu_base_mhz": _mhz(told.get("hz_advertised")),
        "sockets": processor.sockets(),
        "physical_cores": processor.physical_cores(),
        "hardware_threads": os.cpu_count(),
        "usable_cores": identity.usable_cores(),
        "cpu_quota_cores": identity.cpu_quota_cores(),
        "memory_gib": identity.memory_gib(),
        "memory_limit_gib": identity.memory_limit_gib(),
        "swap_gib": round(psutil.swap_memory().total / 2**30),
    }


def software() -> dict[str, Any]:
    """What the suite runs on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "kernel": platform.release().partition("-")[0],
        "libc": " ".join(platform.libc_ver()).strip() or UNKNOWN,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
        "torch_cuda": cuda.torch_cuda() or NONE,
        "snakemake": version("snakemake"),
        "rnnbench": rnnbench.__version__,
    }


def without_folders(text: str) -> str:
    """Files by name alone: torch's settings tell where its builders keep their compiler."""
    return re.sub(r"(?<![^\s=])/(?:[^\s/,]+/)+", "", text)


def torch_facts() -> dict[str, Any]:
    """How torch was built, the libraries it brings, and switches of its speed and its numbers."""
    import threadpoolctl
    import torch

    config = torch.__config__.show()
    blas = re.search(r"BLAS_INFO=(\w+)", config)
    return {
        "blas": blas.group(1) if blas else UNKNOWN,
        "blas_version": _line(config, "Math Kernel Library|OpenBLAS"),
        "mkldnn_version": _line(config, "MKL-DNN|oneDNN").partition(" (")[0],
        "thread_pools": "; ".join(sorted(map(_pool, threadpoolctl.threadpool_info()))) or UNKNOWN,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "openmp": _line(config, "OpenMP"),
        "default_threads": torch.get_num_threads(),
        "torch_build": without_folders(" ".join(config.split())),
        "denormals": "kept" if torch.tensor(1e-40) * 1 > 0 else "flushed to zero",
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "tf32_matmul": _switch(lambda: torch.backends.cuda.matmul.allow_tf32),
        "tf32_cudnn": _switch(lambda: torch.backends.cudnn.allow_tf32),
        "cudnn": str(torch.backends.cudnn.version() or NONE),
        "cudnn_benchmark": _switch(lambda: torch.backends.cudnn.benchmark),
    }


def fields() -> dict[str, dict[str, str]]:
    """The table of fields: name -> group, meaning, unit, source, and what unknown means."""
    groups = yaml.safe_load(FIELDS.read_text(encoding="utf-8"))
    return {
        name: {"group": group, **text}
        for group, part in groups.items()
        for name, text in part.items()
    }


def page() -> str:
    """``docs/fingerprint.md``: the table of fields for reading."""
    lines, group = [INTRODUCTION], None
    for name, field in fields().items():
        if field["group"] != group:
            group = field["group"]
            lines += ["", f"## {group}", "", f"| field | {' | '.join(TOLD)} means |"]
            lines += ["|---" * (1 + len(TOLD)) + "|"]
        lines.append(f"| `{name}` | {' | '.join(field[part] for part in TOLD)} |")
    return "\n".join([*lines, ""])


def _pool(pool: dict[str, Any]) -> str:
    """A library of threads without its path: kind, version, threads."""
    known = [pool["internal_api"], pool["version"], pool.get("architecture")]
    threads = pool["num_threads"]
    return " ".join(filter(None, known)) + f", {threads} thread{'s' * (threads > 1)}"


def _switch(ask: Callable[[], bool]) -> str:
    return "on" if ask() else "off"


def _line(text: str, words: str) -> str:
    found = re.search(rf"^.*(?:{words}).*$", text, re.MULTILINE)
    return found.group().strip(" -") if found else UNKNOWN


def _dashed(told: dict[str, Any], names: tuple[str, ...]) -> str:
    return "-".join(str(told.get(name, UNKNOWN)) for name in names)


def _kib(size: Any) -> int | str:
    return round(size / 1024) if isinstance(size, int) and size else UNKNOWN


def _mhz(hertz: Any) -> int | str:
    return round(hertz[0] / 1e6) if hertz and hertz[0] else UNKNOWN
