"""Laws of the numerics id: one arithmetic has one id in every process, another has another."""

import os
import subprocess
import sys

import pytest
import torch

from rnnbench.training.arithmetic import determinism, numerics

TOLD = """
import torch
torch.set_num_threads({threads})
from rnnbench.training.arithmetic import numerics
print(numerics.identify(), torch.backends.cpu.get_cpu_capability())
"""


def told(threads: int = 1, **environment: str) -> list[str]:
    """Id and instruction set of a process of its own."""
    clean = {k: v for k, v in os.environ.items() if k not in determinism.PORTABLE}
    command = [sys.executable, "-c", TOLD.format(threads=threads)]
    done = subprocess.run(
        command, env=clean | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.split()


@pytest.fixture(scope="module")
def here() -> list[str]:
    return told()


def test_the_id_is_the_same_in_two_processes_whatever_moves_no_bit(here):
    assert told(PYTHONHASHSEED="7", LC_ALL="C", TZ="Asia/Tokyo") == here


def test_another_number_of_threads_is_another_arithmetic(here):
    assert told(threads=2)[0] != here[0]


def test_an_instruction_set_that_is_forbidden_shows_in_the_id(here):
    other, capability = told(ATEN_CPU_CAPABILITY="default")
    assert capability == "DEFAULT"
    if here[1] != "DEFAULT":
        assert other != here[0]


def test_portable_settings_are_another_arithmetic(here):
    assert told(**determinism.PORTABLE)[0] != here[0]


def test_the_id_is_computed_without_moving_torch_s_generator():
    before = torch.get_rng_state()
    assert numerics.identify() == numerics.identify()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["matmul", "tanh", "exp", "log_softmax", "sum"])
def test_one_other_bit_of_any_operation_is_another_fingerprint(name, monkeypatch):
    before, (owner, law) = numerics.fingerprint(), operation(name)

    def shifted(*arguments, **options):
        return torch.nextafter(law(*arguments, **options), torch.tensor(torch.inf))

    monkeypatch.setattr(owner, name if name != "matmul" else "__matmul__", shifted)
    assert numerics.fingerprint() != before


def operation(name: str):
    """Where an operation is looked up, and the operation."""
    owner = {"matmul": torch.Tensor, "sum": torch.Tensor}.get(name, torch)
    return owner, getattr(owner, name if name != "matmul" else "__matmul__")


def test_a_step_of_training_is_in_the_fingerprint(monkeypatch):
    before, grad = numerics.fingerprint(), torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a: [1.001 * g for g in grad(*a)])
    assert numerics.fingerprint() != before


def test_another_wheel_of_torch_is_another_arithmetic(monkeypatch):
    class Wheel:
        def __init__(self, sha256):
            self.listed = f"torch/lib/libtorch_cpu.so,sha256={sha256},1\ntorch/a.py,,\n"

        def read_text(self, _):
            return self.listed

    found = set()
    for sha256 in ("a", "b"):
        monkeypatch.setattr(numerics, "distribution", lambda _, wheel=sha256: Wheel(wheel))
        numerics.build.cache_clear()
        found.add(numerics.identify())
    numerics.build.cache_clear()
    assert len(found) == 2
