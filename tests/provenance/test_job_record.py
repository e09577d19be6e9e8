"""Laws of the record of a job: what it read as it was read, what it wrote, and nobody's name."""

import getpass
import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from rnnbench.base.errors import UserError
from rnnbench.base.files import now, read_record
from rnnbench.provenance import job_record
from rnnbench.provenance.bundle import publishable
from rnnbench.training.arithmetic import determinism

PROJECT = Path(__file__).parents[2]
WHERE = "results/provenance/tables/runs.csv.json"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder to work in, with something to read."""
    monkeypatch.chdir(tmp_path)
    Path("results/tables").mkdir(parents=True)
    Path("results/text.txt").write_text("rain")
    return tmp_path


def job(inputs=("results/text.txt",), outputs=("results/tables/runs.csv",), **params):
    """What Snakemake tells a script."""
    return SimpleNamespace(
        **{"rule": "table", "threads": 1, "scriptdir": str(PROJECT / "workflow/scripts/tables")},
        wildcards=Namedlist(fromdict={"table": "runs"}),
        params=Namedlist(fromdict=params),
        input=Namedlist(inputs),
        output=Namedlist(outputs),
    )


def run(*arguments, text: str = "1\n", **params) -> dict:
    """Do a job that writes its outputs, and return its record."""
    described = job(*arguments, **params)
    with job_record.kept(described, now()):
        for path in described.output:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
    return read_record(job_record.path_of(described.output[0]))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_record_names_all_that_decided_its_results():
    record = run(source="abc", run={"seed": 3, "clip_norm": float("inf")}, seeds=[5, 4])
    assert record["inputs"] == {"results/text.txt": {"sha256": sha256("rain"), "bytes": 4}}
    assert record["outputs"] == {"results/tables/runs.csv": {"sha256": sha256("1\n"), "bytes": 2}}
    assert (record["rule"], record["wildcards"]) == ("table", {"table": "runs"})
    assert record["params"]["run"] == {"seed": 3, "clip_norm": "inf"}
    assert record["params"]["source"] == "abc"
    assert record["seeds"] == [3, 4, 5]
    lock = hashlib.sha256((PROJECT / "requirements.lock").read_bytes()).hexdigest()
    assert record["environment"]["lock_sha256"] == lock
    assert record["environment"]["libraries"]["numpy"] == __import__("numpy").__version__
    assert record["started"] <= record["ended"]
    assert record["threads"] == 1 and record["machine"] and record["determinism"]["mode"]


def test_an_input_is_hashed_as_it_was_when_the_job_began():
    described = job()
    with job_record.kept(described, now()):
        Path("results/text.txt").write_text("sun")
        Path("results/tables/runs.csv").write_text("1\n")
    assert read_record(WHERE)["inputs"]["results/text.txt"]["sha256"] == sha256("rain")


@pytest.mark.parametrize("fault", [UserError("no"), ValueError("no"), KeyboardInterrupt()])
def test_a_job_that_fails_leaves_no_record_not_even_an_older_one(fault):
    run()
    assert Path(WHERE).exists()
    with pytest.raises(type(fault)), job_record.kept(job(), now()):
        raise fault
    assert not Path(WHERE).exists()


def test_the_record_of_a_job_that_is_done_again_is_replaced():
    assert run(text="1\n")["outputs"] != run(text="2\n")["outputs"]
    assert len(list(Path("results/provenance").rglob("*.*"))) == 1


def test_what_a_script_notes_is_in_its_record():
    described = job()
    with job_record.kept(described, now()) as kept:
        Path(described.output[0]).parent.mkdir(parents=True, exist_ok=True)
        Path(described.output[0]).write_text("text")
        kept.noted["read_by"] = ["model read natively"]
    record = read_record(job_record.path_of(described.output[0]))
    assert record["read_by"] == ["model read natively"]


def test_what_a_job_reads_from_outside_the_study_is_told_with_its_inputs(here):
    (here / "own {v2}.txt").write_text("own")
    record = run(reads=["own {v2}.txt"])
    assert list(record["inputs"]) == ["results/text.txt", "own {v2}.txt"]
    assert record["inputs"]["own {v2}.txt"]["sha256"] == sha256("own")


def test_a_folder_is_the_listing_of_its_files(here):
    for name in ("b/x", "a"):
        (here / "results/many" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "results/many" / name).write_text(name)
    (before,) = job_record.entries(["results/many"]).values()
    assert before["bytes"] == 4
    (here / "results/many/a").rename(here / "results/many/c")
    (after,) = job_record.entries(["results/many"]).values()
    assert after["sha256"] != before["sha256"]


def test_nothing_in_a_record_tells_whose_machine_it_was(here, tmp_path_factory):
    outside = tmp_path_factory.mktemp("secret") / "own.txt"
    outside.write_text("own")
    params = {"own_texts": {"own": {"source": str(outside)}}, "up": "../ada/own.txt"}
    own = Path("results/text.txt").resolve()
    record = run([str(outside), str(own)], log=str(own), home=str(Path.home() / "x"), **params)
    assert list(record["inputs"]) == [f"own.txt#{sha256('own')[:12]}", "results/text.txt"]
    told = json.dumps(record)
    for word in (str(here), str(outside.parent), str(Path.home()), "ada", "secret"):
        assert word not in told
    publishable({"record.json": told.encode()})
    assert socket.gethostname() not in told.split('"')
    assert getpass.getuser() not in told.split('"')


def test_an_input_that_cannot_be_read_is_one_message():
    with pytest.raises(UserError, match="cannot be read"):
        run(["results/gone.txt"])


def test_a_job_without_outputs_leaves_no_record():
    with job_record.kept(job(outputs=()), now()):
        pass
    assert not Path("results/provenance").exists()


SCRIPT = """
import sys
from types import SimpleNamespace as Of
from snakemake.iocontainers import Namedlist
from rnnbench.training.arithmetic import determinism
from rnnbench.provenance.script import recorded
snakemake = Of(
    rule="count", threads=1, scriptdir={scripts!r}, log=Namedlist(["log"]),
    wildcards=Namedlist(fromdict={{}}), params=Namedlist(fromdict={{"determinism": sys.argv[1]}}),
    input=Namedlist(["results/text.txt"]), output=Namedlist(["results/a.txt"]),
)
with recorded(snakemake):
    print(determinism.mode(), flush=True)
    if sys.argv[2] == "fail":
        from rnnbench.base.errors import UserError
        raise UserError("expected rain")
    open("results/a.txt", "w").write("a")
"""


def script(mode: str, end: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = SCRIPT.format(scripts=str(PROJECT / "workflow/scripts/text"))
    command = [sys.executable, "-c", code, mode, end]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


@pytest.mark.parametrize("mode", ["fast", "portable"])
def test_a_script_works_in_the_mode_that_its_rule_asks_for_and_says_so(mode):
    done = script(mode, "well")
    assert (done.returncode, done.stdout) == (0, f"{mode}\n"), done.stderr
    record = read_record("results/provenance/a.txt.json")
    assert record["determinism"]["mode"] == mode
    assert "numerics_id" not in record  # no torch, no numbers of torch's


def test_a_timing_is_not_held_back_by_what_it_inherits():
    assert script("fast", "well", **determinism.PORTABLE).stdout == "fast\n"


def test_a_script_that_ends_with_a_message_leaves_no_record():
    assert script("fast", "fail").stderr == "rnnbench: expected rain\n"
    assert not Path("results/provenance").exists()


def test_a_mode_that_is_none_is_one_message():
    assert "expected fast or portable, found 'slow'" in script("slow", "well").stderr
