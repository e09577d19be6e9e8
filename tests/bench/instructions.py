"""Instructions of each micro-benchmark: ``python tests/bench/instructions.py TABLE.csv TEST ...``

A count feels no neighbour, so two commits that differ by a thousandth can be told apart by it. The
benchmarks run once more, under valgrind's callgrind, which counts nothing but the calls themselves;
Python's hashes and torch's threads are as in every other such run. Without valgrind, or on another
processor than x86-64, the table says so in one line.
"""

import csv
import ctypes
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

COUNTING = "RNNBENCH_COUNTING"  # environment: these benchmarks are counted
CALLS = 3  # of each: the fewest instructions are those without a collection of memory
COLUMNS = ("name", "instructions", "reason")
# A function that hands its argument to valgrind, by the sequence of <valgrind/valgrind.h>: rol $3,
# $13, $61 and $51 on rdi, xchg on rbx, with the argument in rax and 0 in rdx; else it does nothing.
REQUEST = bytes.fromhex("4889f831d248c1c70348c1c70d48c1c73d48c1c7334887db4889d0c3")
ZERO, DUMP, START, STOP = (0x43540000 + k for k in (1, 3, 4, 5))  # of <valgrind/callgrind.h>


class Callgrind:
    """Asks callgrind, in whose hands this process is."""

    def __init__(self) -> None:
        self.code = mmap.mmap(
            -1, len(REQUEST), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        )
        self.code.write(REQUEST)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.code))
        self.function = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(address)

    def ask(self, request: int, text: str = "") -> None:
        words = ctypes.c_char_p(text.encode())
        address = ctypes.cast(words, ctypes.c_void_p).value or 0
        asked = (ctypes.c_ulong * 6)(request, address)
        self.function(ctypes.addressof(asked))


class Counted:
    """Stands in for pytest-benchmark's fixture: calls a function, and has it counted."""

    def __init__(self, name: str):
        self.name, self.callgrind = name, Callgrind()

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        found = function(*arguments)  # what is cached, it caches then
        self.callgrind.ask(START)
        for _ in range(CALLS):
            self.callgrind.ask(ZERO)
            function(*arguments)
            self.callgrind.ask(DUMP, self.name)
        self.callgrind.ask(STOP)
        return found

    def pedantic(self, *_: Any, **__: Any) -> None:
        """How often a function is called tells nothing of its instructions."""
        pytest.skip("it holds two programs against each other")


def counted(names: list[str]) -> list[dict[str, Any]]:
    """Run benchmarks under callgrind, and read what it dumped; one row for each."""
    with TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "-q"]
        line = [*tool, f"--callgrind-out-file={folder}/out", sys.executable, "-m", "pytest", *names]
        line += ["-q", "-o", "addopts=", "-p", "no:cacheprovider"]
        alike = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", COUNTING: "1"}
        alike["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and all is slow there
        subprocess.run(line, check=True, env=os.environ | alike, stdout=sys.stderr)
        found: dict[str, int] = {}
        for path in sorted(Path(folder).iterdir()):
            text = path.read_text()
            if name := re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M):
                count = int(re.findall(r"^totals: (\d+)", text, re.M)[-1])
                found[name[1]] = min(count, found.get(name[1], count))
    return [{"name": name, "instructions": count} for name, count in sorted(found.items())]


def missing() -> str | None:
    """Why nothing can be counted here, or None."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return f"not counted on {platform.machine()}"
    return None if shutil.which("valgrind") else "no valgrind here: install it"


def main(table: str, *names: str) -> None:
    """Count the benchmarks of these names, as pytest knows them, and write the table."""
    why = missing()
    rows = [{"name": "all", "reason": why}] if why else counted(list(names))
    with Path(table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
