"""Laws of the machine's name and fingerprint: hardware, and nothing of who uses it."""

import getpass
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from rnnbench import machine


def in_a_process(code: str, **environment: str) -> str:
    """What ``code`` prints in a process with other environment variables."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_name_fits_into_a_path():
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", machine.name())
    assert len(machine.name()) < 200


def test_a_name_is_the_same_in_every_process_whoever_runs_it(tmp_path):
    other = {"USER": "wells", "LOGNAME": "wells", "HOME": str(tmp_path), "HOSTNAME": "morlock"}
    code = "from rnnbench import machine; print(machine.name())"
    assert in_a_process(code, **other) == machine.name() == machine.name()


def test_neither_the_host_nor_the_user_is_named():
    words = set(re.split(r"[^a-z0-9]+", str(machine.fingerprint()).lower()))
    user = getpass.getuser().lower()
    host = socket.gethostname().lower().partition(".")[0]
    assert not {user, host} & words
    assert host not in machine.name()


def test_a_name_tells_the_hardware():
    assert f"-{machine.usable_cores()}c-{machine.memory_gib()}g-" in machine.name()


def test_every_field_of_the_fingerprint_says_something():
    fingerprint = machine.fingerprint()
    assert [name for name, value in fingerprint.items() if value is None or value == ""] == []
    assert fingerprint["machine"] == machine.name()
    assert fingerprint["hardware_threads"] >= fingerprint["usable_cores"] >= 1


def test_a_process_that_may_use_one_core_has_one():
    code = (
        "import os\nfrom rnnbench import machine\n"
        "os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])\n"
        "print(machine.usable_cores())"
    )
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not bind processes to cores")
    assert in_a_process(code) == "1"


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("900000000 100000", None)],
)
def test_a_quota_of_the_control_group_bounds_the_usable_cores(quota, cores, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CONTROL_GROUP", str(tmp_path / "none"))
    unbounded = machine.usable_cores()
    monkeypatch.setattr(machine, "CONTROL_GROUP", str(tmp_path))
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert machine.usable_cores() == (cores or unbounded)


@pytest.mark.parametrize("environment", [{}, {"CUDA_VISIBLE_DEVICES": ""}], ids=["all", "hidden"])
def test_a_gpu_is_available_exactly_where_torch_can_use_it(environment):
    code = (
        "import sys\nfrom rnnbench import machine\n"
        "ours = 'cuda' not in machine.unavailable()\n"
        "assert 'torch' not in sys.modules\n"
        "import torch\n"
        "print(ours, torch.cuda.is_available())"
    )
    ours, torchs = in_a_process(code, **environment).split()
    assert ours == torchs


def test_the_cpu_is_always_available_and_what_is_not_has_a_reason():
    unavailable = machine.unavailable()
    assert set(unavailable) <= {"cuda"}
    assert all("GPU" in reason for reason in unavailable.values())


def test_the_build_of_torch_is_read_without_loading_it():
    code = (
        "import sys\nfrom rnnbench import machine\n"
        "cuda = machine.fingerprint()['torch_cuda']\n"
        "assert 'torch' not in sys.modules\n"
        "import torch\n"
        "assert cuda == (torch.version.cuda or 'none'), cuda\n"
    )
    in_a_process(code)


def test_the_peak_of_the_memory_is_at_least_what_is_in_use():
    resident = psutil.Process().memory_info().rss
    assert 0.5 * resident < machine.peak_memory_bytes() < psutil.virtual_memory().total
    block = bytearray(64 * 2**20)
    assert machine.peak_memory_bytes() >= len(block)


def test_what_cannot_be_read_is_unknown(tmp_path: Path):
    assert machine.read(str(tmp_path / "governor")) == machine.UNKNOWN


def test_peak_memory_is_that_of_the_program_not_of_the_one_that_started_it():
    code = "from rnnbench import machine; print(machine.peak_memory_bytes())"
    held = np.ones(60_000_000)  # 480 MB here, none of it there
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert machine.peak_memory_bytes() > held.nbytes > 3 * int(done.stdout) > 3 * 2**20
