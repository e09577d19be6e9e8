"""Laws of a job's words: mistakes of the user in one line, faults of ours with their traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.base import digests

CODE = """
import logging, sys, warnings
from rnnbench.base import errors
from rnnbench.provenance.script import logged
with logged(sys.argv[1]):
    {}
"""


def run(block: str, log: Path) -> subprocess.CompletedProcess:
    """Run ``block`` as a script of the workflow does, in a process of its own."""
    command = [sys.executable, "-c", CODE.format(block), log]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("error", ["StudyError", "CorpusError", "RecordError", "UserError"])
def test_a_mistake_of_the_user_is_one_line_without_a_traceback(error, tmp_path):
    done = run(f"raise errors.{error}('expected rain, found sun')", tmp_path / "log")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "rnnbench: expected rain, found sun\n"
    assert "expected rain, found sun" in (tmp_path / "log").read_text()


def test_another_fault_keeps_its_traceback_on_the_terminal_and_in_the_log(tmp_path):
    done = run("1 / 0", tmp_path / "log")
    assert done.returncode == 1
    for text in (done.stderr, (tmp_path / "log").read_text()):
        assert "Traceback" in text
        assert text.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_job_that_works_says_nothing_and_logs_its_words_and_warnings(tmp_path):
    block = "logging.info('epoch 1 of 2'); warnings.warn('beware', stacklevel=1)"
    done = run(block, tmp_path / "log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = (tmp_path / "log").read_text()
    assert "epoch 1 of 2" in words
    assert "beware" in words


BEGUN = """
import time
from types import SimpleNamespace
from snakemake.iocontainers import Namedlist
from rnnbench.provenance.script import recorded
from rnnbench.base.files import now
loading = now()
time.sleep(0.01)
params = Namedlist(fromdict={"source": None})
with recorded(SimpleNamespace(log=["log"], input=[], output=[], params=params)) as job:
    print(job.started <= loading)
"""


def test_a_job_begins_before_it_loads_its_libraries(tmp_path):
    line = [sys.executable, "-c", BEGUN]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


EDITED = """
from types import SimpleNamespace
from snakemake.iocontainers import Namedlist
from rnnbench.base.digests import FOLDER, Tree
from rnnbench.provenance.script import recorded
params = Namedlist(fromdict={"source": Tree().source(["text/metrics"])})
empty = dict.fromkeys(("input", "output"), Namedlist())
job = SimpleNamespace(log=["log"], params=params, **empty)
with recorded(job, by_others=BY_OTHERS):
    with (FOLDER / "text/metrics.py").open("a") as file:
        file.write("# a word")
    print("done")
with recorded(job):
    print("done again")
"""


@pytest.mark.parametrize("by_others", [False, True])
def test_source_is_compared_when_a_job_starts_and_when_processes_of_its_own_have_ended(
    by_others, tmp_path
):
    shutil.copytree(digests.FOLDER, tmp_path / "src/rnnbench")
    command = [sys.executable, "-c", EDITED.replace("BY_OTHERS", str(by_others))]
    there = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "done\n")
    assert done.stderr.startswith("rnnbench: the source was edited after this job was planned")
    assert len(done.stderr.splitlines()) == 1


def test_chatter_is_not_logged(tmp_path):
    run("logging.debug('chatter')", tmp_path / "log")
    assert (tmp_path / "log").read_text() == ""


def test_no_setting_of_the_users_gets_into_matplotlib(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\naxes.formatter.use_locale: True\n")
    code = (
        "import os, subprocess, sys\nfrom rnnbench.provenance import script\n"
        "script.plain_matplotlib()\n"
        "ask = 'import matplotlib as m; print(dict(m.rcParams) == dict(m.rcParamsDefault))'\n"
        "subprocess.run([sys.executable, '-c', ask], check=True)\n"
    )
    users = {
        "MPLCONFIGDIR": str(tmp_path),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | users, capture_output=True)
    assert (done.stdout.split(), done.stderr) == ([b"True"], b"")
