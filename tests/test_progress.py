"""The laws of `--logger rnnbench`, on a study of four small jobs."""

import itertools
import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import MockOutputSettings

from snakemake_logger_plugin_rnnbench import LogHandler, progress
from snakemake_logger_plugin_rnnbench.progress import Progress, last_step, seconds_left

SNAKEFILE = """
rule all:
    input: expand("runs/{variant}/seed={seed}", variant=["rnn", "gru"], seed=[0, 1])

rule run:
    output: "runs/{variant}/seed={seed}"
    log: "logs/{variant}/seed={seed}.log"
    params: bad=lambda wildcards: f"{wildcards.variant}{wildcards.seed}" == config["bad"]
    shell:
        "echo 'epoch 12/25 perplexity 9.13' > {log}; sleep {config[sleep]}; "
        "if test {params.bad} = True; then echo 'the loss is nan' >> {log}; exit 3; fi; "
        "touch {output}"
"""


@pytest.fixture
def study(tmp_path):
    return written(tmp_path)


def written(parent):
    folder = parent / "étude"
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    return folder


def command(*options, sleep=0, bad="none"):
    base = [sys.executable, "-m", "snakemake", "--logger", "rnnbench", "--cores", "2"]
    return [*base, *options, "--config", f"sleep={sleep}", f"bad={bad}"]


def snakemake(study, *options, **config):
    """Exit status and all the lines of one call."""
    call = subprocess.run(command(*options, **config), cwd=study, text=True, capture_output=True)
    return call.returncode, (call.stdout + call.stderr).splitlines()


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A study that was run once, and what that said; its jobs slept for a second."""
    folder = written(tmp_path_factory.mktemp("ran"))
    return folder, *snakemake(folder, sleep=1)


def test_a_run_takes_two_lines(ran):
    _, status, lines = ran
    assert status == 0
    assert lines[0] == "to do: 4 run"
    assert re.match(r"done: 4 jobs in \d+:\d\d", lines[1])
    assert len(lines) == 2


def test_a_second_run_says_that_nothing_is_to_be_done(ran):
    status, lines = snakemake(ran[0], sleep=1)
    assert status == 0
    assert [line.startswith("Nothing to be done") for line in lines] == [True]


def test_a_dry_run_lists_each_job_once_and_ends_in_three_lines(study):
    """What will be made, how long it will take, and what says so."""
    status, lines = snakemake(study, "--dry-run")
    assert status == 0
    assert lines[0] == "Job stats:"
    assert lines[-3] == "to do: 4 jobs: 4 training runs 27 s"
    assert re.match(r"time: about \d+ s", lines[-2])
    assert lines[-1].startswith("estimated from: ")
    assert lines[-4] == "all"
    assert [lines.count(f"run {v} seed={s}") for v in ("rnn", "gru") for s in (0, 1)] == [1] * 4
    assert not any(line.startswith(("done", "stopped")) for line in lines)


def test_a_failure_is_told_at_once_and_again_at_the_end(study):
    status, lines = snakemake(study, "--keep-going", bad="rnn1")
    assert status == 1
    assert "Error in rule run:" in lines
    told = lines.index("  last lines of logs/rnn/seed=1.log:")
    assert lines[told + 1 : told + 3] == ["    epoch 12/25 perplexity 9.13", "    the loss is nan"]
    assert lines[-4].startswith("stopped: 3/4 jobs done in ")
    assert lines[-4].endswith("; 1 failed:")
    assert lines[-3:-1] == ["  run rnn seed=1", "    logs/rnn/seed=1.log: the loss is nan"]
    assert lines[-1] == progress.MEND


def test_ctrl_c_ends_in_one_sentence_and_the_same_command_goes_on(study):
    call = subprocess.Popen(
        command("--cores", "1", sleep=2),
        cwd=study,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    while not list((study / "runs").glob("*/*")):
        assert call.poll() is None, call.stdout.read()
        time.sleep(0.1)
    os.killpg(call.pid, signal.SIGINT)
    said, _ = call.communicate()
    assert call.returncode != 0
    assert "Error in rule" not in said and "Traceback" not in said
    assert re.fullmatch(
        r"stopped: \d/4 jobs done in \d+:\d\d. " + progress.AGAIN, said.split("\n")[-2]
    )
    finished = {path: path.stat().st_mtime_ns for path in study.glob("runs/*/*")}
    status, lines = snakemake(study)
    assert status == 0 and lines[-1].startswith("done: ")
    kept = {path for path, made in finished.items() if path.stat().st_mtime_ns == made}
    assert len(kept) >= len(finished) - 1  # all but the one that the signal met
    assert len(list(study.glob("runs/*/*"))) == 4


def failing(number: int, logs: list[str]) -> Progress:
    """The state after so many jobs of a rule have failed."""
    state = Progress(usual)
    stats = {"run": number, "total": number}
    state.run_info(record(LogEvent.RUN_INFO, 0, stats=stats))
    for i in range(number):
        job = {"jobid": i, "rule_name": "run", "wildcards": {"seed": str(i)}}
        state.job_info(record(LogEvent.JOB_INFO, 1, log=logs[:1], **job))
        state.job_error(record(LogEvent.JOB_ERROR, 2, log=logs, jobid=i, rule_name="run"))
    return state


def test_of_many_failures_the_first_are_told_and_how_many_more_there_are():
    lines = failing(25, []).ending(now=3).splitlines()
    assert lines[0].endswith("25 failed:")
    assert lines[1:-2] == [f"  run seed={i}" for i in range(progress.FAILURES)]
    assert lines[-2:] == ["  and 15 more", progress.MEND]


BROKEN = """
rule all:
    input: "imports", "killed", "killed_late", "status"

rule imports:
    output: "imports"
    log: "logs/imports.log"
    script: "imports.py"

rule killed:
    output: "killed"
    log: "logs/killed.log"
    script: "killed.py"

rule killed_late:
    output: "killed_late"
    log: "logs/killed_late.log"
    shell: "echo 'epoch 12/25' > {log}; kill -TERM $$"

rule status:
    output: "status"
    log: "logs/status.log"
    shell: "exit 7"
"""


def test_what_ends_a_job_is_told_where_its_log_cannot(tmp_path):
    """An import that fails by its exception, a signal by its name, all else by its status."""
    first = "from rnnbench.provenance.script import recorded\n\n"
    texts = {
        "Snakefile": BROKEN,
        "imports.py": first + "import os\n\nimport no_such_module\n",
        "killed.py": first + "import os\n\nos.kill(os.getpid(), 9)\n",
        "logs/killed.log": "epoch 3/25 of an earlier attempt\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    os.utime(tmp_path / "logs/killed.log", (0, 0))
    call = subprocess.run(command("--keep-going"), cwd=tmp_path, text=True, capture_output=True)
    summary = call.stderr[call.stderr.index("stopped: ") :].splitlines()
    ends = dict(line.strip().split(".log: ") for line in summary[2:-1:2])
    assert ends == {
        "logs/imports": "ModuleNotFoundError: No module named 'no_such_module'",
        "logs/killed": "nothing written: it was ended by SIGKILL, perhaps for lack of memory",
        "logs/killed_late": "epoch 12/25; it was ended by SIGTERM, perhaps for lack of time",
        "logs/status": f"nothing written: {progress.BROKE.format(7)}",
    }
    assert "Traceback" in (tmp_path / "logs/imports.log").read_text()
    assert (
        call.stderr.count("ModuleNotFoundError: No module") == 3
    )  # by Python, at once, at the end


def test_a_failure_on_a_cluster_names_the_log_of_the_cluster_too(tmp_path):
    own, slurm = tmp_path / "run.log", tmp_path / "42.log"
    slurm.write_text("slurmstepd: error: Detected 1 oom_kill event\n")
    lines = failing(1, [str(own), str(slurm)]).ending(now=3).splitlines()
    assert lines[2] == f"    {own}: nothing written: {progress.SILENT}"
    assert lines[3] == f"    {slurm}: slurmstepd: error: Detected 1 oom_kill event"


def test_an_error_of_the_study_itself_is_told(study):
    status, lines = snakemake(study, "nowhere")
    assert status == 1
    assert any("No rule to produce nowhere" in line for line in lines)


def test_the_job_graph_stays_readable_by_machines(study):
    call = subprocess.run(command("--dag"), cwd=study, text=True, capture_output=True, check=True)
    assert call.stdout.startswith("digraph")
    assert call.stderr == ""


def test_a_terminal_shows_one_line_no_wider_than_itself_and_is_left_clean(study):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 50))
    subprocess.run(command(sleep=1.5), cwd=study, stderr=theirs, check=True)
    text = os.read(ours, 65536).decode().replace("\r\n", "\n")
    os.close(ours), os.close(theirs)
    first, drawn, last = text.split("\n")[0], text.split("\r")[1:-1], text.split("\r")[-1]
    assert first == "to do: 4 run"
    assert re.match(r"\d/4 jobs  \d+:\d\d elapsed, about 0:\d\d left \| run", drawn[0])
    assert max(map(len, drawn)) == 49
    assert drawn[-1].strip() == ""
    assert re.fullmatch(r"done: 4 jobs in \d+:\d\d.*\n", last)


def test_the_last_whole_epoch_line_counts(tmp_path):
    log = tmp_path / "é.log"
    log.write_text("epoch 1/25 perplexity 20\n09:31:07 epoch 12/25 perplexity 9.13\nepoch 13/2")
    assert last_step(str(log), since=0) == "epoch 12/25"


def test_timings_count_their_processes_and_then_their_probes(tmp_path):
    log = tmp_path / "speed.log"
    log.write_text("09:31:07 process 12/72, about 90 s left: variant=gru process=3\n")
    assert last_step(str(log), since=0) == "process 12/72"
    with log.open("a") as file:
        file.write("09:38:11 probe 3/96: limit of gru\n")
    assert last_step(str(log), since=0) == "probe 3/96"


def test_a_log_of_an_earlier_attempt_or_none_has_no_epoch(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("epoch 25/25 perplexity 9.13\n")
    assert last_step(str(log), since=log.stat().st_mtime + 60) == ""
    assert last_step(str(tmp_path / "missing.log"), since=0) == ""


@pytest.mark.parametrize(
    ("typical", "todo", "running", "workers", "seconds"),
    [
        ({"run": 10}, {"run": 8}, [], 4, 20),  # shared by the workers
        ({"run": 10, "campaign": 5}, {"run": 8, "campaign": 4}, [], 4, 40),  # the campaign is not
        ({"run": 10}, {"run": 1}, [], 4, 10),  # one job is not shared
        ({"run": 10}, {"run": 2}, [("run", 4.0), ("run", 60.0)], 2, 3),  # part is done
        ({}, {}, [], 2, 0),
    ],
)
def test_the_time_left(typical, todo, running, workers, seconds):
    assert seconds_left(typical, todo, running, workers) == seconds


def usual(rule: str) -> float:
    return {"run": 100.0, "zipf": 7.0}[rule]


def record(event, created, **fields):
    fields |= {"event": event, "created": created, "levelno": logging.INFO}
    return logging.makeLogRecord(fields)


def test_a_job_that_succeeds_on_retry_has_not_failed():
    state = Progress(usual)
    job = {"jobid": 1, "rule_name": "run", "log": [], "wildcards": {}}
    state.run_info(record(LogEvent.RUN_INFO, 0, stats={"run": 1, "all": 1, "total": 2}))
    state.job_info(record(LogEvent.JOB_INFO, 1, **job))
    state.job_error(record(LogEvent.JOB_ERROR, 2, **job))
    state.job_info(record(LogEvent.JOB_INFO, 3, **job))
    state.job_finished(record(LogEvent.JOB_FINISHED, 4, job_id=1))
    state.progress(record(LogEvent.PROGRESS, 4, done=1, total=2))
    assert state.ending(now=65) == "done: 1 job in 1:05"


def test_a_job_takes_what_was_seen_else_what_it_states_else_what_is_usual():
    state = Progress(usual)
    state.run_info(record(LogEvent.RUN_INFO, 0, stats={"run": 3, "zipf": 1, "total": 4}))
    assert (state.typical("run"), state.typical("zipf")) == (100, 7)
    assert state.line(now=1) == "0/4 jobs  0:01 elapsed, about 5:10 left"
    job = {"rule_name": "run", "log": [], "wildcards": {}}
    state.job_info(record(LogEvent.JOB_INFO, 1, jobid=1, resources={"seconds": 30}, **job))
    state.job_info(record(LogEvent.JOB_INFO, 1, jobid=2, resources={"seconds": 50}, **job))
    assert state.typical("run") == 40
    state.job_finished(record(LogEvent.JOB_FINISHED, 21, job_id=1))
    assert (state.typical("run"), state.typical("zipf")) == (20, 7)


def test_an_event_it_cannot_read_ends_nothing(capsys):
    handler = LogHandler(MockOutputSettings(), None)
    handler.emit(record(LogEvent.JOB_INFO, 0))
    handler.close()
    assert "Logging error" in capsys.readouterr().err


def test_a_dry_run_knows_how_long_its_jobs_took_by_their_records(study):
    folder = study / "results/provenance"
    folder.mkdir(parents=True)
    for variant, seed in itertools.product(("rnn", "gru"), (0, 1)):
        record = {"rule": "run", "inputs": {}, "outputs": {f"runs/{variant}/seed={seed}": ""}}
        record |= {"started": "2026-01-02T03:00:00+00:00", "ended": "2026-01-02T03:00:40+00:00"}
        (folder / f"{variant}{seed}.json").write_text(json.dumps(record))
    _, lines = snakemake(study, "--dry-run")
    assert lines[-2] == "time: about 80 s on 2 cores, 2.7 min on one"
    assert lines[-1] == "estimated from: earlier times of the same rule here (4 jobs)"
