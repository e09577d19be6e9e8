"""Laws of the facts before a timing: each says something, and doubts follow from them."""

import subprocess
import sys

import pynvml
import pytest

from rnnbench.machine import gpus, preflight, processor

CALM = {"load_average": 0.0, "gpu_throttle_reasons": "idle"}
CALM |= {"gpu_processes": 0, "gpu_busy_percent": "unknown"}


def test_every_fact_and_condition_says_something():
    found = preflight.facts() | preflight.conditions()
    assert [name for name, value in found.items() if value is None or value == ""] == []


def test_facts_and_conditions_are_read_without_loading_torch():
    code = (
        "import sys\nfrom rnnbench.machine import preflight\n"
        "preflight.conditions(), preflight.facts()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_gpu_its_facts_are_none(monkeypatch):
    monkeypatch.setattr(gpus, "handles", lambda: [])
    monkeypatch.setattr(gpus, "used", lambda: None)
    found = preflight.facts() | preflight.conditions()
    assert {v for k, v in found.items() if k.startswith("gpu")} == {"none"}


def test_every_gpu_is_told_of_and_one_that_does_not_answer_is_unknown(monkeypatch):
    def clock(gpu, kind):
        if gpu == 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return 1000 + gpu

    monkeypatch.setattr(gpus, "reached", lambda: True)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 3)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", int)
    assert gpus.answers(lambda gpu: clock(gpu, 0)) == [1000, "unknown", 1002]


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x0, "no reason"),
        (0x1, "idle"),
        (0x4, "software power cap"),
        (0x60, "software thermal slowdown, hardware thermal slowdown"),
        (0x1000, "0x1000"),
        (0x1001, "idle, 0x1000"),
    ],
)
def test_reasons_of_a_low_clock_are_told_in_words(bits, words):
    assert gpus.slowed(bits) == words


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"intel_pstate/no_turbo": "0"}, "on"),
        ({"intel_pstate/no_turbo": "1", "cpufreq/boost": "1"}, "off"),
        ({"cpufreq/boost": "0"}, "off"),
        ({}, "unknown"),
    ],
)
def test_turbo_is_what_either_driver_says(files, said, tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPU", str(tmp_path))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert preflight.turbo() == said


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ({"load_average": 1000.0}, "busy"),
        ({"gpu_throttle_reasons": "software power cap"}, "slowed down"),
        ({"gpu_throttle_reasons": "idle, hardware slowdown"}, "slowed down"),
    ],
)
def test_what_makes_timings_doubtful_is_said(found, word, tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPU", str(tmp_path))
    assert preflight.doubts(CALM) == []
    (line,) = preflight.doubts(CALM | found)
    assert word in line


def test_a_governor_that_saves_power_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPU", str(tmp_path))
    governor = tmp_path / "cpu0/cpufreq/scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("powersave\n")
    (line,) = preflight.doubts(CALM)
    assert "powersave" in line
