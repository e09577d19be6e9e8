"""The native training step, ``step.cpp``: built at set-up, loaded through a plain C interface.

There is one shared library per instruction set, each made of the whole source, with that of
:mod:`rnnbench.training.native.reader`. Their names carry system and architecture, so that machines
of several kinds can share a checkout, and the digest of the source and of the compiler's options,
so that one that has become stale is not loaded; no Python, for the interface is plain C.
``RNNBENCH_ISA`` asks for a certain instruction set; else the widest of the processor is taken.
"""

import argparse
import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rnnbench.base.errors import UserError
from rnnbench.base.files import replacing

FOLDER = Path(__file__).parent
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread")
PORTABLE: dict[str, tuple[str, ...]] = {"portable": ("-DRNNBENCH_LANES=4",)}
ISAS = PORTABLE | {
    "avx2": ("-DRNNBENCH_LANES=8", "-mavx2", "-mfma"),
    "avx512": ("-DRNNBENCH_LANES=16", "-mavx512f", "-mavx512dq", "-mfma"),
}
COMPILERS = ("c++", "g++", "clang++")


class NativeError(UserError):
    """There is no native training step here, with the reason."""


def main(arguments: Sequence[str]) -> int:
    """Build it, and say in one line what was done. Without a compiler ``fused`` will say so."""
    does = "Build the native training step, the implementation fused."
    argparse.ArgumentParser("python -m rnnbench native", description=does).parse_args(arguments)
    try:
        done = "built" if build() else "is there"
        print(f"rnnbench: native training step {done} ({', '.join(isas())})")
    except NativeError as error:
        print(f"rnnbench: no native training step: {error}; the implementation fused will say so")
    return 0


def isas() -> dict[str, tuple[str, ...]]:
    """Instruction sets that a library can be built for on this kind of processor."""
    return ISAS if platform.machine().lower() in {"x86_64", "amd64"} else PORTABLE


def sources() -> list[Path]:
    """All files that a library is made of."""
    return sorted([*FOLDER.glob("*.cpp"), *FOLDER.glob("*.h")])


def library(isa: str) -> Path:
    """Path of the library of an instruction set, built or not."""
    state = hashlib.sha256(repr((FLAGS, ISAS[isa])).encode())
    for path in sources():
        state.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return FOLDER / f"step-{_place()}-{isa}-{state.hexdigest()[:16]}.so"


def _place() -> str:
    """System and architecture, as in ``linux-x86_64``."""
    return f"{platform.system()}-{platform.machine()}".lower()


def compiler() -> list[str] | None:
    """The command of a C++ compiler: $CXX, else the first of c++, g++ and clang++ there is."""
    asked = shlex.split(os.environ.get("CXX", ""))
    for command in [asked] if asked else [[name] for name in COMPILERS]:
        if shutil.which(command[0]):
            return command
    return None


def build() -> list[Path]:
    """Build what is missing, remove what is stale; return what was built.

    Raises:
        NativeError: there is no compiler, or it fails; the message has its first lines.
    """
    command = compiler()
    if command is None:
        asked = os.environ.get("CXX")
        raise NativeError(f"no C++ compiler {asked or ' nor '.join(COMPILERS)}")
    expected = [library(isa) for isa in isas()]
    for stale in set(FOLDER.glob(f"step-{_place()}-*.so")) - set(expected):
        stale.unlink(missing_ok=True)
    missing = {isa: path for isa, path in zip(isas(), expected, strict=True) if not path.exists()}
    for isa, path in missing.items():
        with replacing(path) as temporary:
            compile_to(temporary, command, ISAS[isa])
    return list(missing.values())


def compile_to(path: Path, command: list[str], options: tuple[str, ...]) -> None:
    """Compile the source into a shared library; a failure raises NativeError."""
    line = [*command, *FLAGS, *options, *map(str, sorted(FOLDER.glob("*.cpp"))), "-o", str(path)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NativeError(f"the C++ compiler {command[0]} does not run: {error}") from None
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).split())[:200]
        raise NativeError(f"the C++ compiler {command[0]} fails: {words}")


def missing() -> str | None:
    """Say in words why there is no native training step here, or return None."""
    if library("portable").exists():
        return None
    if compiler() is None:
        return "no compiler found at set-up: install g++ or clang++, then python -m rnnbench native"
    return "not built: python -m rnnbench native"


def load() -> ctypes.CDLL:
    """Load the library of RNNBENCH_ISA, or of the widest instruction set of the processor.

    Raises:
        NativeError: it is not built, or there is no such instruction set here.
    """
    return load_isa(os.environ.get("RNNBENCH_ISA", ""))


@functools.cache
def load_isa(isa: str) -> ctypes.CDLL:
    """Load the library of an instruction set; ``""`` is the widest of the processor."""
    widest = supported()[-1]
    if (isa or widest) not in supported():
        raise NativeError(
            f"RNNBENCH_ISA: expected one of {', '.join(supported())}, found {isa}. Unset it."
        )
    return declare(open_library(isa or widest))


@functools.cache
def supported() -> tuple[str, ...]:
    """Instruction sets this processor has, the widest last."""
    portable = open_library("portable")
    portable.rnnbench_isa.restype = ctypes.c_char_p
    names = list(isas())
    return tuple(names[: names.index(portable.rnnbench_isa().decode()) + 1])


def open_library(isa: str) -> ctypes.CDLL:
    """Open a built library; one that is missing, or of another system, raises NativeError."""
    path = library(isa)
    if not path.exists():
        raise NativeError(f"the native training step is {missing() or 'not built for ' + isa}")
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:  # as of a newer system that shares this folder
        raise NativeError(
            f"{path.name}: expected a library that this system can load, found: {error}. Remove it "
            "and build it here: python -m rnnbench native"
        ) from None


def declare(found: ctypes.CDLL) -> ctypes.CDLL:
    """Give the functions of a library their types; ctypes calls them without the GIL."""
    pointer = ctypes.c_void_p
    found.rnnbench_open.argtypes, found.rnnbench_open.restype = [pointer, pointer], ctypes.c_int
    found.rnnbench_close.argtypes, found.rnnbench_close.restype = [pointer], None
    numbers = [ctypes.c_double, ctypes.c_double]
    found.rnnbench_step.argtypes = [*[pointer] * 8, *numbers, pointer]
    found.rnnbench_step.restype = ctypes.c_int
    found.rnnbench_open_reader.argtypes = [pointer] * 3
    found.rnnbench_close_reader.argtypes, found.rnnbench_close_reader.restype = [pointer], None
    size, number = ctypes.c_int64, ctypes.c_double
    found.rnnbench_read.argtypes = [pointer, size, size, *[pointer] * 3, size, pointer]
    found.rnnbench_write.argtypes = [pointer, size, size, *[pointer] * 2, number, size]
    found.rnnbench_write.argtypes += [pointer] * 2
    return found
