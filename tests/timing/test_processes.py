"""Laws of fresh processes: each piece of work has its own, and its death is an answer."""

import dataclasses
import sys
import textwrap

import numpy as np
import pytest
import timings
from timings import TOKENS, VOCAB_SIZE

from rnnbench.base.digests import Tree
from rnnbench.base.errors import SourceError
from rnnbench.base.parameters import AGREES, TimingConfig
from rnnbench.timing import processes
from rnnbench.timing.processes import Interpreter, Text, WorkError

TIMING = dataclasses.replace(timings.TIMING, clip_norm=float("inf"))
WORK = """
    import ctypes, os, signal, sys, time, types
    import torch
    from rnnbench.base import plugins
    from rnnbench.timing import processes as served
    def rows(timing, tokens, vocab_size):
        print("a word of a library")
        if timing.variant == "raises":
            raise ValueError("no compiler\\nfound")
        if timing.variant == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if timing.variant == "hangs":
            time.sleep(60)
        return [{
            "pid": os.getpid(), "parent": os.getppid(), "threads": torch.get_num_threads(),
            "clip_norm": timing.clip_norm, "tokens": int(tokens.sum()), "vocab_size": vocab_size,
        }]
    plugins.load = lambda kind, name: types.SimpleNamespace(rows=rows)
    served.MOST_SECONDS = 2
    served.FORKS = FORKS
    served.serve(iter(sys.stdin.readline, ""), served.private_output())
"""


@pytest.fixture
def text(tmp_path):
    np.save(tmp_path / "ids.npy", TOKENS)
    return Text(tmp_path / "ids.npy", VOCAB_SIZE)


def serving(monkeypatch, forks: bool) -> None:
    """Have interpreters that know a kind of work of this test."""
    code = textwrap.dedent(WORK).replace("= FORKS", f"= {forks}")
    monkeypatch.setattr(processes, "COMMAND", [sys.executable, "-c", code])
    monkeypatch.setattr(processes, "FORKS", forks)


@pytest.fixture
def odd(text, tmp_path, monkeypatch):
    """An interpreter as this system has it."""
    serving(monkeypatch, processes.FORKS)
    with Interpreter(text, tmp_path / "log") as interpreter:
        yield interpreter


def of(variant: str) -> TimingConfig:
    return dataclasses.replace(TIMING, variant=variant)


def test_each_piece_of_work_has_a_process_of_its_own(odd):
    ((first,), (second,)) = (odd.rows("odd", TIMING) for _ in range(2))
    assert first["pid"] != second["pid"]
    if processes.FORKS:
        assert first["parent"] == second["parent"] == odd.process.pid


def test_where_forks_are_not_safe_each_piece_has_an_interpreter(text, tmp_path, monkeypatch):
    serving(monkeypatch, forks=False)
    with Interpreter(text, tmp_path / "log") as interpreter:
        ((first,), (second,)) = (interpreter.rows("odd", TIMING) for _ in range(2))
        with pytest.raises(WorkError, match="no compiler"):
            interpreter.rows("odd", of("raises"))
    assert first["pid"] != second["pid"]


def test_work_gets_its_parameters_its_text_and_its_threads(odd, text):
    (row,) = odd.rows("odd", dataclasses.replace(TIMING, threads=2))
    assert row["threads"] == 2
    assert row["clip_norm"] == float("inf")
    assert row["tokens"] == int(np.load(text.ids).sum())
    assert row["vocab_size"] == VOCAB_SIZE


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("raises", "ValueError: no compiler found"),
        ("dies", "killed by SIGSEGV"),
        ("hangs", "no end after"),
    ],
)
def test_work_that_fails_says_why_and_the_next_is_done_all_the_same(odd, variant, said):
    with pytest.raises(WorkError, match=said):
        odd.rows("odd", of(variant))
    assert odd.rows("odd", TIMING)


def test_what_work_prints_goes_to_the_log_with_the_traceback(odd):
    with pytest.raises(WorkError):
        odd.rows("odd", of("raises"))
    log = odd.log.read_text()
    assert "a word of a library" in log
    assert "Traceback" in log


def test_an_interpreter_that_cannot_start_is_an_answer(text, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "COMMAND", [sys.executable, "-c", "raise SystemExit(3)"])
    with Interpreter(text, tmp_path / "log") as interpreter, pytest.raises(WorkError):
        interpreter.rows("odd", TIMING)


def test_work_that_other_code_did_than_was_planned_is_no_answer(odd, text):
    planned = Tree().source(["speed"])
    odd.text = dataclasses.replace(text, source=planned)
    assert odd.rows("odd", TIMING)
    odd.text = dataclasses.replace(text, source=planned | {"sha256": "0" * 64})
    with pytest.raises(SourceError, match="edited after this job was planned"):
        odd.rows("odd", TIMING)


def test_training_steps_are_timed_in_it(text, tmp_path):
    with Interpreter(text, tmp_path / "log") as interpreter:
        one, two = (
            interpreter.rows("speed", dataclasses.replace(TIMING, threads=n)) for n in (1, 2)
        )
    for rows, threads in ((one, 1), (two, 2)):
        assert len(rows) == 1
        assert {row["threads"] for row in rows} == {threads}
    assert (tmp_path / "log").read_text() == ""


def test_a_variant_is_admitted_in_it(text, tmp_path):
    with Interpreter(text, tmp_path / "log") as interpreter:
        (row,) = interpreter.rows("admission", TIMING)
    assert (row["status"], row["reason"]) == (AGREES, "")
    assert 0 <= row["gradient"] < 1e-5
