"""Laws of the lock of a folder: of two who ask one is refused, and what knows no locks is told.

What becomes of whole studies is in tests/torture.
"""

import shutil
import subprocess
import sys

import pytest

HOLD = """
import sys
from pathlib import Path
from rnnbench.base.errors import UserError
from rnnbench.provenance import launcher
try:
    handle = launcher.hold(Path(".snakemake/alone.lock"))
    print("held", flush=True)
except UserError as error:
    print(error)
sys.stdin.read()
"""


def test_of_two_who_ask_for_a_folder_one_has_it_and_the_other_is_told_whose_it_is(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": tmp_path}
    with subprocess.Popen([sys.executable, "-c", HOLD], **pipes) as first:
        assert first.stdout.readline() == "held\n"
        line = [sys.executable, "-c", HOLD]
        second = subprocess.run(line, input="", capture_output=True, text=True, cwd=tmp_path)
        assert f"at work in it (process {first.pid})" in second.stdout
        first.communicate("")
    third = subprocess.run(line, input="", capture_output=True, text=True, cwd=tmp_path)
    assert third.stdout == "held\n"


@pytest.mark.skipif(not shutil.which("strace"), reason="needs the command strace")
@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_told_and_used(error, tmp_path):
    line = ["strace", "-f", "-qq", "-o", "log", "-e", f"inject=flock:error={error}"]
    line += [sys.executable, "-c", HOLD]
    done = subprocess.run(line, input="", capture_output=True, text=True, cwd=tmp_path)
    told, held = done.stdout.splitlines()
    assert f"{tmp_path}: no file locks here" in told and held == "held"
