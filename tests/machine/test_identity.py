"""Laws of the machine's name: hardware and nothing else, and no two machines share one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.errors import MachineError
from rnnbench.machine import control_group, gpus, identity, processor

XEON = {
    "vendor_id": "GenuineIntel",
    "cpu family": "6",
    "model": "143",
    "model name": "Intel(R) Xeon(R) Platinum 8480C",
    "stepping": "8",
    "cpu MHz": "3800.000",
    "flags": "fpu sse4_2 avx avx2 fma avx512f amx_tile",
}
GRAVITON = {
    "BogoMIPS": "2100.00",
    "Features": "fp asimd sve",
    "CPU implementer": "0x41",
    "CPU variant": "0x1",
    "CPU part": "0xd40",
    "CPU revision": "1",
}
CACHES = {("1", "Data"): "48K", ("1", "Instruction"): "32K", ("2", "Unified"): "2048K"}
H100 = "NVIDIA H100 80GB HBM3, 80 GiB"


class Box:
    """Hardware laid out as Linux shows it, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.folder, self.monkeypatch = folder, monkeypatch
        monkeypatch.setattr(processor, "CPUINFO", str(folder / "cpuinfo"))
        monkeypatch.setattr(processor, "CPU", str(folder / "cpu"))
        monkeypatch.setattr(identity, "usable_cores", lambda: 16)
        monkeypatch.setattr(identity, "memory_gib", lambda: 64)
        monkeypatch.setattr(processor, "physical_cores", lambda: 8)

    def name(self, cpuinfo=XEON, caches=CACHES, sockets=1, gpu="none", **changes) -> str:
        """The name of this machine with some of it changed."""
        listed = "".join(f"{key}\t: {value}\n" for key, value in (cpuinfo | changes).items())
        self.write("cpuinfo", f"{listed}\nprocessor\t: 1\n{listed}")
        for i, ((level, kind), size) in enumerate(caches.items()):
            for file, text in (("level", level), ("type", kind), ("size", size)):
                self.write(f"cpu/cpu0/cache/index{i}/{file}", text)
        for i in range(4):
            self.write(f"cpu/cpu{i}/topology/physical_package_id", str(i % sockets))
        self.monkeypatch.setattr(gpus, "identity", lambda: gpu)
        return identity.name()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text + "\n")


@pytest.fixture
def box(tmp_path, monkeypatch):
    return Box(tmp_path, monkeypatch)


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
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity.name())
    assert len(identity.name()) < 200


def test_a_name_needs_neither_torch_nor_another_process():
    """It is asked for at every start of Snakemake and of each of its jobs."""
    watch = "import sys; started = []\n"
    watch += "sys.addaudithook(lambda event, _: started.append(event))\n"
    ask = "from rnnbench.machine import identity; identity.name()\n"
    found = "print({'subprocess.Popen', 'os.posix_spawn', 'os.fork'} & {*started}, end=' ')\n"
    assert in_a_process(watch + ask + found + "print('torch' in sys.modules)") == "set() False"


def test_a_name_is_the_same_in_every_process_whoever_runs_it(tmp_path):
    other = {"USER": "wells", "LOGNAME": "wells", "HOME": str(tmp_path), "HOSTNAME": "morlock"}
    code = "from rnnbench.machine import identity; print(identity.name())"
    assert in_a_process(code, **other) == identity.name() == identity.name()


def test_a_name_tells_the_hardware(box):
    here = f"-{identity.usable_cores()}c-{identity.memory_gib()}g-"
    assert here in identity.name()
    words = "intel-xeon-platinum-8480c-16c-64g-nvidia-h100-80gb-hbm3-[0-9a-f]{6}"
    assert re.fullmatch(words, box.name(gpu=H100))


@pytest.mark.parametrize(
    "other",
    [
        {"model": "207"},
        {"stepping": "6"},
        {"model name": "Intel(R) Xeon(R) Platinum 8480+"},
        {"flags": "fpu sse4_2 avx avx2 fma"},
        {"flags": XEON["flags"] + " hypervisor"},
        {"cpuinfo": GRAVITON},
        {"cpuinfo": GRAVITON | {"CPU part": "0xd4f"}},
        {"cpuinfo": GRAVITON | {"CPU variant": "0x2"}},
        {"caches": CACHES | {("2", "Unified"): "1024K"}},
        {"caches": CACHES | {("3", "Unified"): "32768K"}},
        {"sockets": 2},
        {"gpu": H100},
        {"gpu": "NVIDIA H100 80GB HBM3, 94 GiB"},
        {"gpu": "NVIDIA H200, 141 GiB"},
    ],
    ids=str,
)
def test_other_hardware_has_another_name(box, other):
    names = {box.name(), box.name(**other)}
    assert len(names) == 2


def test_names_of_different_machines_are_all_different(box):
    cases = [
        box.name(stepping=str(stepping), sockets=sockets, gpu=gpu)
        for stepping in range(3)
        for sockets in (1, 2)
        for gpu in ("none", H100, "NVIDIA H100 80GB HBM3, 94 GiB")
    ]
    assert len(set(cases)) == len(cases) == 18


@pytest.mark.parametrize(
    "later",
    [
        {"cpu MHz": "1200.000"},
        {"microcode": "0x2b000590"},
        {"flags": XEON["flags"] + " ibrs md_clear arch_capabilities user_shstk"},
        {"bugs": "spectre_v1 spectre_v2"},
        {"bogomips": "4000.01"},
    ],
    ids=str,
)
def test_the_next_boot_and_another_kernel_keep_the_name(box, later):
    assert box.name() == box.name(**later)


def test_what_a_kernel_may_not_show_is_no_error(box, tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPUINFO", str(tmp_path / "none"))
    monkeypatch.setattr(processor, "CPU", str(tmp_path / "none"))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-16c-64g-[0-9a-f]{6}", identity.name())
    assert set(processor.caches().values()) == {processor.sockets()} == {"unknown"}


def test_caches_are_those_of_data(box):
    box.name(caches=CACHES | {("3", "Unified"): "33M"})
    found = processor.caches()
    assert found == {"cpu_l1d_kib": 48, "cpu_l2_kib": 2048, "cpu_l3_kib": 33 * 1024}


def test_a_study_for_this_machine_has_its_devices_and_cores():
    here = identity.name()
    expected = here, identity.unavailable(), identity.usable_cores()
    assert identity.asked("auto") == identity.asked(here) == expected
    assert identity.asked(f"{here}-left") == (f"{here}-left", *expected[1:])


def test_jobs_take_auto_for_the_machine_that_snakemake_was_called_on(box):
    caller = box.name(gpu=H100)
    box.monkeypatch.undo()
    box.monkeypatch.setenv(identity.CALLED_ON, caller)
    assert identity.asked("auto") == (caller, {}, 16)
    assert identity.asked(identity.name())[0] == identity.name()


def test_a_machine_says_its_name_at_the_command_line():
    command = [sys.executable, "-m", "rnnbench", "machine"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{identity.name()}\n"


def test_a_study_for_another_machine_has_what_its_name_says(box):
    with_gpu, without = box.name(gpu=H100), box.name()
    box.monkeypatch.undo()
    assert identity.asked(with_gpu) == (with_gpu, {}, 16)
    name, unavailable, cores = identity.asked(f"{without}-abcdef")  # a label, though digits
    assert (name, cores) == (f"{without}-abcdef", 16)
    assert "no GPU" in unavailable["cuda"]


@pytest.mark.parametrize("expected", ["my-laptop", "left", "amd-epyc-2c-24g", "5"])
def test_what_is_no_name_of_a_machine_is_said_with_what_is(expected):
    with pytest.raises(MachineError, match=identity.name()):
        identity.asked(expected)


def test_a_job_is_done_on_the_machine_it_is_filed_under_or_not_at_all():
    here = identity.name()
    assert identity.require(here) == identity.require(f"{here}-left") == here
    for other in (here[:-1], f"{here}0", here.upper(), f"left-{here}"):
        with pytest.raises(MachineError) as error:
            identity.require(other)
        assert other in str(error.value) and f"machine: {here}" in str(error.value)


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_no_text_but_a_label_behind_the_name_passes_for_it(text):
    here = identity.name()
    assert identity.is_of(text + here, here) == (text == "")
    assert identity.is_of(here + text, here) == (text == "" or text.startswith("-"))


def test_a_process_that_may_use_one_core_has_one():
    code = (
        "import os\nfrom rnnbench.machine import identity\n"
        "os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])\n"
        "print(identity.usable_cores())"
    )
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not bind processes to cores")
    assert in_a_process(code) == "1"


class Groups:
    """Control groups laid out as Linux shows them, in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.folder = folder
        monkeypatch.setattr(control_group, "MOUNTS", str(folder / "mounts"))
        monkeypatch.setattr(control_group, "OWN", str(folder / "own"))

    def write(self, own: str, files: dict[str, str]) -> None:
        (self.folder / "own").write_text(own)
        for name, text in files.items():
            path = self.folder / "mounts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(16), raising=False)
    return Groups(tmp_path, monkeypatch)


V1 = "12:memory:/docker/1a\n4:cpu,cpuacct:/docker/1a\n1:name=systemd:/docker/1a\n0::/\n"
V2 = "0::/user.slice/job.scope\n"


def v1(folder: str, quota: object, period: object = 100000) -> dict[str, str]:
    files = {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": period}
    return {f"{folder}/{name}": str(number) for name, number in files.items()}


@pytest.mark.parametrize(
    ("own", "files", "cores", "quota"),
    {
        "none": ("", {}, 16, "unknown"),
        "a container": ("0::/\n", {"cpu.max": "200000 100000"}, 2, 2.0),
        "no quota": ("0::/\n", {"cpu.max": "max 100000"}, 16, "none"),
        "more than there is": ("0::/\n", {"cpu.max": "9900000 100000"}, 16, 99.0),
        "a part is no core": ("0::/\n", {"cpu.max": "350000 100000"}, 3, 3.5),
        "less than one": ("0::/\n", {"cpu.max": "50000 100000"}, 1, 0.5),
        "a group of its own": (V2, {"user.slice/job.scope/cpu.max": "400000 100000"}, 4, 4.0),
        "the group above": (
            V2,
            {
                "user.slice/job.scope/cpu.max": "max 100000",
                "user.slice/cpu.max": "250000 100000",
            },
            *(2, 2.5),
        ),
        "another one's": (V2, {"system.slice/cpu.max": "100000 100000"}, 16, "unknown"),
        "version 1": (V1, v1("cpu/docker/1a", 150000) | v1("cpu", -1), 1, 1.5),
        "version 1 in a container": (V1, v1("cpu", 600000), 6, 6.0),
        "version 1 without": (V1, v1("cpu", -1), 16, "none"),
        "both": (
            V1 + "0::/job\n",
            v1("cpu/docker/1a", -1) | {"unified/job/cpu.max": "700000 100000"},
            *(7, 7.0),
        ),
        "nonsense": ("who knows\n", {"cpu.max": "much"}, 16, "unknown"),
    }.values(),
)
def test_the_quota_of_the_control_group_bounds_the_usable_cores_and_is_told(
    own, files, cores, quota, groups
):
    groups.write(own, files)
    assert (identity.usable_cores(), identity.cpu_quota_cores()) == (cores, quota)


@pytest.mark.parametrize(
    ("own", "files", "gib"),
    [
        ("", {}, "unknown"),
        ("0::/\n", {"memory.max": "max"}, "none"),
        ("0::/\n", {"memory.max": str(3 << 29)}, 1.5),
        ("0::/\n", {"memory.max": ""}, "unknown"),
        (V2, {"user.slice/memory.max": str(2 << 30), "user.slice/job.scope/memory.max": "max"}, 2),
        (V1, {"memory/docker/1a/memory.limit_in_bytes": str(5 << 30)}, 5),
        (V1, {"memory/memory.limit_in_bytes": "9223372036854771712"}, "none"),
    ],
)
def test_the_limit_of_the_memory_is_that_of_the_control_group(own, files, gib, groups):
    groups.write(own, files)
    assert identity.memory_limit_gib() == gib


def test_the_peak_of_the_memory_is_at_least_what_is_in_use():
    resident = psutil.Process().memory_info().rss
    assert 0.5 * resident < identity.peak_memory_bytes() < psutil.virtual_memory().total
    block = bytearray(64 * 2**20)
    assert identity.peak_memory_bytes() >= len(block)


def test_what_cannot_be_read_is_unknown(tmp_path: Path):
    assert identity.read(str(tmp_path / "governor")) == identity.UNKNOWN


def test_peak_memory_is_that_of_the_program_not_of_the_one_that_started_it():
    code = "from rnnbench.machine import identity; print(identity.peak_memory_bytes())"
    held = np.ones(60_000_000)  # 480 MB here, none of it there
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert identity.peak_memory_bytes() > held.nbytes > 3 * int(done.stdout) > 3 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_the_peak_of_a_forked_process_begins_anew():
    """Each timed point is such a process: what another one needed is not in its peak."""
    code = (
        "import os\nfrom rnnbench.machine import identity\n"
        "block = bytearray(400 << 20)\ndel block\n"
        "if not (child := os.fork()):\n"
        "    print(identity.peak_memory_bytes(), flush=True)\n    os._exit(0)\n"
        "os.waitpid(child, 0)\nprint(identity.peak_memory_bytes())"
    )
    child, parent = map(int, in_a_process(code).split())
    assert parent > 400 << 20 > 2 * child
