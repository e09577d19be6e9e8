"""Laws of the facts before a timing: each says something, and doubts follow from them."""

import subprocess
import sys

import pytest

from rnnbench import machine, preflight

CALM = {"load_average": 0.0, "gpu_throttle_reasons": "none"}


def test_every_fact_and_condition_says_something():
    found = preflight.facts() | preflight.conditions()
    assert [name for name, value in found.items() if value is None or value == ""] == []
    assert found["denormals"] in {"kept", "flushed to zero"}
    assert set(found) & set(machine.fingerprint()) <= {"load_average"}


def test_the_conditions_are_read_without_loading_torch():
    code = (
        "import sys\nfrom rnnbench import preflight\npreflight.conditions()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_gpu_its_facts_are_none(monkeypatch):
    monkeypatch.setattr(machine, "gpus", list)
    gpu = {k: v for k, v in (preflight.facts() | preflight.conditions()).items() if "gpu_" in k}
    assert set(gpu.values()) == {"none"}


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
    monkeypatch.setattr(preflight, "CPU", str(tmp_path))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert preflight.turbo() == said


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ({"load_average": 1000.0}, "busy"),
        ({"gpu_throttle_reasons": "0x4"}, "slowed down"),
    ],
)
def test_what_makes_timings_doubtful_is_said(found, word, tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "CPU", str(tmp_path))
    assert preflight.doubts(CALM) == []
    (line,) = preflight.doubts(CALM | found)
    assert word in line


def test_a_governor_that_saves_power_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "CPU", str(tmp_path))
    governor = tmp_path / "cpu0/cpufreq/scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("powersave\n")
    (line,) = preflight.doubts(CALM)
    assert "powersave" in line
