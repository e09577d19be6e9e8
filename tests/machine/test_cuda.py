"""Laws of the GPU: which one is used, and whether it can be.

The processes are real; their driver and their torch are stand-ins, for there may be no GPU here.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pynvml
import pytest

from rnnbench.machine import gpus, preflight

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
MIG = "NVIDIA A100-SXM4-40GB MIG"
H100 = {"name": "NVIDIA H100 80GB HBM3", "uuid": "GPU-8e5f-01", "gib": 80}
SLICES = [
    {"name": f"{MIG} 1g.5gb", "uuid": "MIG-11aa", "gib": 5},
    {"name": f"{MIG} 2g.10gb", "uuid": "MIG-22bb", "gib": 10},
]
A100 = {"name": "NVIDIA A100-SXM4-40GB", "uuid": "GPU-8e77-02", "gib": 40}
BOX = [H100, A100 | {"slices": SLICES}]
FORBIDDEN, LOST = 4, 15
UNAVAILABLE = "import json\nfrom rnnbench.machine import identity\n"
UNAVAILABLE += "print(json.dumps(identity.unavailable()))"


def environment(loaded: Path, gpus, says="", visible=None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CUDA_")}
    found = kept | {"STAND_IN_GPUS": json.dumps(gpus), "STAND_IN_LOADED": str(loaded)}
    found |= {"STAND_IN_TORCH": f"{gpus[0]['name'] if gpus else ''}: {says}"}
    found |= {"PYTHONPATH": f"{HERE / 'stand_in'}{os.pathsep}{PROJECT / 'src'}"}
    return found | ({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})


def run(code: str, *where, **more) -> str:
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, env=environment(*where, **more), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("visible", "gpus", "expected"),
    [
        (None, BOX, "NVIDIA H100 80GB HBM3, 80 GiB"),
        ("0,1", BOX, "NVIDIA H100 80GB HBM3, 80 GiB"),
        ("1", [H100, A100], "NVIDIA A100-SXM4-40GB, 40 GiB"),
        ("1", BOX, f"{MIG} 1g.5gb, 5 GiB"),
        ("GPU-8e5f", BOX, "NVIDIA H100 80GB HBM3, 80 GiB"),
        ("MIG-22bb", BOX, f"{MIG} 2g.10gb, 10 GiB"),
        *((word, BOX, "none") for word in ("", "-1", "2", "NoDevFiles", "MIG-33cc")),
        (None, [], "none"),
        (None, [H100 | {"error": FORBIDDEN}, A100], "NVIDIA A100-SXM4-40GB, 40 GiB"),
        ("0", [H100 | {"error": LOST}], "none"),
    ],
)
def test_the_gpu_of_a_machine_is_the_one_that_torch_calls_the_first(
    visible, gpus, expected, tmp_path
):
    code = (
        "import pynvml\nfrom rnnbench.machine import gpus, identity\nname = identity.name()\n"
        "assert set(gpus.answers(str)) or not gpus.handles()\n"
        "pynvml.nvmlLib.gpus.clear()  # off the bus\n"
        "assert identity.name() == name\n"
        "print(gpus.identity(), name, sep='|')"
    )
    told, name = run(code, tmp_path / "loaded", gpus, visible=visible).split("|")
    assert told == expected and ("nvidia" in name) == (expected != "none")
    assert ("mig-1g-5gb" in name) == ("1g.5gb" in expected)
    assert not (tmp_path / "loaded").exists()


def test_the_fingerprint_tells_of_every_gpu_and_which_of_them_is_used(tmp_path):
    code = "import json\nfrom rnnbench.machine import gpus\nprint(json.dumps(gpus.facts()))"
    told = json.loads(run(code, tmp_path / "loaded", BOX, visible="MIG-11aa"))
    assert told["gpus"] == "NVIDIA H100 80GB HBM3; NVIDIA A100-SXM4-40GB"
    assert told["gpu"] == f"{MIG} 1g.5gb, 5 GiB" and told["gpu_memory_gib"] == "80; 40"


@pytest.mark.parametrize(
    ("says", "gpus", "visible", "words"),
    [
        ("right", BOX, None, ""),
        ("wrong", BOX, None, "came out wrong"),
        ("old", BOX, None, "driver on your system is too old"),
        ("kernel", BOX, None, "no kernel image is available for execution on the device (driver"),
        ("full", BOX, None, "out of memory"),
        ("dies", BOX, None, "ended with status 7"),
        ("right", [A100, H100], "1", "found it take NVIDIA A100-SXM4-40GB"),
        ("right", [], None, "no NVIDIA GPU"),
        ("right", BOX, "NoDevFiles", "no NVIDIA GPU"),
        ("right", BOX, "-1", "CUDA_VISIBLE_DEVICES hides every GPU"),
    ],
)
def test_cuda_is_available_exactly_where_a_product_on_it_is_right(
    says, gpus, visible, words, tmp_path
):
    told = json.loads(run(UNAVAILABLE, tmp_path / "loaded", gpus, says, visible))
    assert bool(told) == bool(words) and words in told.get("cuda", "") and len(told) <= 1
    assert all("GPU" in why and "\n" not in why for why in told.values())
    if says in {"old", "kernel", "full"}:
        assert "driver 470.57.02 for CUDA 11.4, torch for CUDA 12.6" in told["cuda"]


def test_a_gpu_is_tried_once_for_a_process_and_all_that_it_starts(tmp_path):
    code = (
        "import os, subprocess, sys\n"
        "from rnnbench.machine import identity\n"
        "told = [identity.unavailable() for _ in range(2)]\n"
        f"line = [sys.executable, '-c', {UNAVAILABLE!r}]\n"
        "print(told[0] == told[1], subprocess.run(line, capture_output=True, text=True).stdout)\n"
        "os.environ['CUDA_VISIBLE_DEVICES'] = 'GPU-8e77'  # another one is another question\n"
        "subprocess.run(line, stdout=subprocess.DEVNULL)"
    )
    loaded = tmp_path / "loaded"
    said = run(code, loaded, [H100, A100], "full")
    assert said.startswith("True {") and "out of memory" in said
    assert loaded.read_text().split() == ["loaded"] * 2


@pytest.mark.parametrize(
    ("state", "visible", "doubt"),
    [
        ({}, None, ""),
        ({"processes": 2, "busy": 0}, None, "others are on the GPU: processes 2, busy 0 %"),
        ({"busy": 87}, None, "others are on the GPU: processes 0, busy 87 %"),
        ({"reasons": 0x40}, None, "the GPU is slowed down: hardware thermal slowdown"),
        ({"processes": 2}, "1", ""),  # another GPU than the one that is used
    ],
)
def test_who_is_on_the_gpu_before_a_timing_is_a_doubt(state, visible, doubt, tmp_path):
    code = (
        "from rnnbench.machine import preflight\n"
        "said = preflight.doubts(preflight.conditions())\n"
        "print(*(line for line in said if 'GPU' in line), sep='\\n')"
    )
    assert run(code, tmp_path / "loaded", [H100 | state, A100], visible=visible) == doubt


def test_what_a_slice_does_not_tell_is_told_by_the_gpu_that_it_is_part_of(tmp_path):
    code = "import json\nfrom rnnbench.machine import gpus\nprint(json.dumps(gpus.conditions()))"
    part = SLICES[1] | {"processes": 3}
    gpus = [A100 | {"slices": [part], "processes": 9}]
    told = json.loads(run(code, tmp_path / "loaded", gpus))
    assert (told["gpu_clock_mhz"], told["gpu_processes"]) == (1980, 3)
    assert told["gpu_busy_percent"] == told["gpu_watts"] == "unknown"


def test_a_study_goes_on_without_a_gpu_that_does_not_compute_and_says_so_once(tmp_path):
    line = [sys.executable, "-m", "snakemake", "results/tables/runs.csv", "--dry-run"]
    line += ["--cores", "1", "--snakefile", str(PROJECT / "Snakefile")]
    line += ["--directory", str(tmp_path), "--configfile", str(PROJECT / "tests/cuda/grid.yaml")]
    runs, left_out = [], []
    for says in ("right", "kernel"):
        where = environment(tmp_path / "loaded", [H100], says)
        done = subprocess.run(line, env=where, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        runs += map(int, re.findall(r"^run +(\d+)$", done.stdout, re.M))
        left_out += [line for line in done.stderr.splitlines() if "CUDA is left out" in line]
    assert runs[0] == 2 * runs[1] > 0
    (line,) = left_out
    assert "no kernel image" in line


@pytest.mark.parametrize("visible", [None, ""], ids=["all", "hidden"])
def test_the_gpu_of_this_machine_is_available_exactly_where_torch_can_use_it(visible):
    """No stand-ins. Neither torch nor its CUDA is loaded by asking."""
    code = (
        "import sys\nfrom rnnbench.machine import cuda, identity\n"
        "ours, build = 'cuda' not in identity.unavailable(), cuda.torch_cuda()\n"
        "assert 'torch' not in sys.modules\n"
        "import torch\n"
        "assert build == torch.version.cuda\n"
        "print(ours, torch.cuda.is_available())"
    )
    own = {"PYTHONPATH": str(PROJECT / "src")}
    own |= {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, env=os.environ | own, capture_output=True, text=True, check=True)
    ours, torchs = done.stdout.split()
    assert ours == torchs


@pytest.mark.cuda
def test_however_a_real_gpu_is_named_it_is_the_one_that_torch_takes():
    (uuid, *_) = gpus.answers(pynvml.nvmlDeviceGetUUID)
    code = (
        "import torch\nfrom rnnbench.machine import gpus, identity\n"
        "assert identity.unavailable() == {}, identity.unavailable()\n"
        "found = torch.cuda.get_device_properties(0)\n"
        "name, memory = gpus.identity().removesuffix(' GiB').split(', ')\n"
        "assert name == found.name, (name, found.name)\n"
        "assert 0.9 < int(memory) * 2**30 / found.total_memory < 1.1\n"
        "print(identity.name())"
    )
    names = set()
    for visible in ("0", uuid, uuid[:12]):
        own = {"PYTHONPATH": str(PROJECT / "src"), "CUDA_VISIBLE_DEVICES": visible}
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, env=os.environ | own, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        names.add(done.stdout)
    assert len(names) == 1


@pytest.mark.cuda
def test_who_computes_on_a_real_gpu_is_a_doubt():
    code = (
        "import torch\na = torch.rand(4096, 4096, device='cuda')\nprint('begun', flush=True)\n"
        "while True:\n    (a @ a).sum().item()"
    )
    line = [sys.executable, "-c", code]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as stranger:
        assert stranger.stdout.readline() == "begun\n"
        time.sleep(2)  # the driver tells of the last second
        under_load = gpus.conditions()
        stranger.kill()
    doubts = preflight.doubts({"load_average": 0.0} | under_load)
    assert any("others are on the GPU" in doubt for doubt in doubts), under_load
