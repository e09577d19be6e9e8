"""What a run has done, is doing and has still to do, from Snakemake's events: no printing here."""

import logging
import os
import re
import signal
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

EXCLUSIVE = {"campaign"}  # rules whose jobs have the machine to themselves
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|nan|[Tt]rue|[Ff]alse"
UNSAID = {"machine"}  # wildcards that are the same in all jobs of a run
STEP = r"\b((?:epoch|process|probe) \d+/\d+)[\s:,]"
AGAIN = "Run the same command again: finished work is kept."
MEND = "Fix what these lines report, then run the same command again: finished work is kept."
ENDED = r"returned non-zero exit status (\d+)\.|died with <Signals\.(\w+)"  # Snakemake's words
SILENT = "it never started, or was killed, perhaps for lack of memory or time"
BROKE = "it ended with status {} before its log was started; its output is above"
CAUSES = {"SIGKILL": ", perhaps for lack of memory", "SIGTERM": ", perhaps for lack of time"}
FAILURES = 10  # told one by one at the end


def clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def tail(path: str, since: float, num_lines: int) -> list[str]:
    """The last lines of a log that are not blank; none if it cannot be read.

    It must have been written after `since` (Unix seconds): an older one is of an earlier attempt.
    """
    with suppress(OSError, ValueError), Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_mtime < since - 1:
            return []
        file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
        lines = file.read().decode("utf-8", "replace").splitlines()
        return [line.rstrip() for line in lines if line.strip()][-num_lines:]
    return []


def ending_of(said: str) -> str:
    """The name of the signal that ended a job, or its status, by what Snakemake said; or nothing.

    A shell tells a signal as 128 more than its number.
    """
    status, name = (re.findall(ENDED, said) or [("", "")])[-1]
    if status and int(status) > 128:
        with suppress(ValueError):
            name = signal.Signals(int(status) - 128).name
    return name or status


def last_step(path: str, since: float) -> str:
    """`epoch 12/25`, of timings `process 12/72` or `probe 3/96`, from the last whole line with one.

    The log must have been written after `since` (Unix seconds).
    """
    return (re.findall(STEP, "\n".join(tail(path, since, 10))) or [""])[-1]


def seconds_left(
    typical: Mapping[str, float],
    todo: Mapping[str, int],
    running: list[tuple[str, float]],
    workers: int,
) -> float:
    """About how long the rest takes.

    typical: seconds of a job of each rule; todo: jobs of each rule not finished; running: (rule,
    seconds so far) of those under way; workers: jobs that run side by side.
    """
    work = {rule: count * typical[rule] for rule, count in todo.items()}
    for rule, spent in running:
        work[rule] = work.get(rule, 0) - min(spent, typical.get(rule, 0))
    return side_by_side(work, todo, workers)


def side_by_side(work: Mapping[str, float], todo: Mapping[str, int], workers: int) -> float:
    """Seconds until all is done: work, seconds of each rule's jobs together; todo, their number."""
    alone = sum(seconds for rule, seconds in work.items() if rule in EXCLUSIVE)
    sharing = sum(count for rule, count in todo.items() if rule not in EXCLUSIVE)
    return alone + (sum(work.values()) - alone) / max(1, min(workers, sharing))


@dataclass(frozen=True)
class Job:
    rule: str
    name: str  # rule, then wildcards; numbers with the name of theirs
    logs: list[str]
    began: float  # Unix seconds
    ending: str = ""  # the name of a signal or a status, if it failed and that is known

    @classmethod
    def of(cls, record: logging.LogRecord) -> "Job":
        words = [record.rule_name]
        for name, value in dict(getattr(record, "wildcards", None) or {}).items():
            if name not in UNSAID:
                words.append(f"{name}={value}" if re.fullmatch(NUMBER, value) else value)
        return cls(record.rule_name, " ".join(words), list(record.log or []), record.created)

    def status(self) -> str:
        steps = [step for log in self.logs if (step := last_step(log, self.began))]
        return f"{self.name} {steps[-1]}" if steps else self.name

    def last_lines(self, log: str, number: int) -> list[str]:
        """The end of one of its logs, and what the log cannot tell of the end of the job."""
        lines = tail(log, self.began, number)
        if self.ending.startswith("SIG"):
            why = f"it was ended by {self.ending}{CAUSES.get(self.ending, '')}"
        else:
            why = BROKE.format(self.ending) if self.ending else SILENT
        if not lines:
            return [f"nothing written: {why}"]
        return [*lines[:-1], f"{lines[-1]}; {why}" if "SIG" in self.ending else lines[-1]]

    def failure(self) -> list[str]:
        """What failed, and the last line of each of its logs."""
        ends = [f"    {log}: {self.last_lines(log, 1)[0]}" for log in self.logs]
        return [f"  {self.name}", *ends]


class Progress:
    """What is done, running and failed, as told by Snakemake's events.

    usual: rule -> seconds of a job, where this run has neither shown nor told any.
    """

    def __init__(self, usual: Callable[[str], float]) -> None:
        self.usual = usual
        self.began = 0.0  # Unix seconds; 0 until the number of jobs is known
        self.todo: dict[str, int] = {}
        self.total, self.done, self.workers = 0, 0, 1
        self.hidden = 0  # rule all, which only collects
        self.running: dict[int, Job] = {}
        self.failed: dict[int, Job] = {}
        self.said: dict[int | None, str] = {}  # by a thread of Snakemake's, last of all
        self.durations: defaultdict[str, list[float]] = defaultdict(list)
        self.stated: defaultdict[str, list[float]] = defaultdict(list)  # seconds, by jobs begun

    def run_info(self, record: logging.LogRecord) -> str:
        self.todo = {rule: count for rule, count in record.stats.items() if rule != "total"}
        self.hidden = self.todo.pop("all", 0) if len(self.todo) > 1 else 0
        self.began, self.total = record.created, sum(self.todo.values())
        return "to do: " + ", ".join(f"{count} {rule}" for rule, count in self.todo.items())

    def job_info(self, record: logging.LogRecord) -> None:
        self.running[record.jobid] = Job.of(record)
        resources = dict((getattr(record, "resources", None) or {}).items())
        if "seconds" in resources:
            self.stated[record.rule_name].append(resources["seconds"])
        sharing = [job for job in self.running.values() if job.rule not in EXCLUSIVE]
        self.workers = max(self.workers, len(sharing))

    def job_finished(self, record: logging.LogRecord) -> None:
        self.failed.pop(record.job_id, None)
        job = self.running.pop(record.job_id, None)
        if job and job.rule in self.todo:
            self.durations[job.rule].append(record.created - job.began)
            self.todo[job.rule] = max(0, self.todo[job.rule] - 1)

    def progress(self, record: logging.LogRecord) -> None:
        self.total = record.total - self.hidden  # a checkpoint changes it
        self.done = min(record.done, self.total)

    def error(self, record: logging.LogRecord) -> None:
        """Take note of how a job ended; that it is in error is told next, by the same thread."""
        self.said[record.thread] = record.getMessage()

    def job_error(self, record: logging.LogRecord) -> str:
        job = self.running.pop(record.jobid, None) or replace(Job.of(record), began=0.0)
        ending = ending_of(self.said.pop(record.thread, ""))
        job = replace(job, logs=list(record.log or []), ending=ending)  # a cluster adds a log
        self.failed[record.jobid] = job
        lines = [f"failed: {job.name}"]
        for log in job.logs:
            lines += [f"  last lines of {log}:"]
            lines += ["    " + line for line in job.last_lines(log, 10)]
        return "\n".join(lines)

    def typical(self, rule: str) -> float:
        """Seconds of a job: as seen in this run, else as its jobs state, else as usual."""
        seen = self.durations[rule] or self.stated[rule]
        return mean(seen) if seen else self.usual(rule)

    def line(self, now: float) -> str:
        running = [(job.rule, now - job.began) for job in self.running.values()]
        typical = {rule: self.typical(rule) for rule in self.todo}
        left = seconds_left(typical, self.todo, running, self.workers)
        about = f", about {clock(round(left, -1))} left" if left >= 5 else ""
        jobs = "; ".join(job.status() for job in self.running.values())
        gone = f"{self.done}/{self.total} jobs  {clock(now - self.began)} elapsed"
        return gone + about + (f" | running: {jobs}" if jobs else "")

    def ending(self, now: float) -> str:
        if self.done == self.total and not self.failed:
            return f"done: {self.total} job{'s' * (self.total != 1)} in {clock(now - self.began)}"
        stopped = f"stopped: {self.done}/{self.total} jobs done in {clock(now - self.began)}"
        if not self.failed:
            return f"{stopped}. {AGAIN}"
        shown = [*self.failed.values()][:FAILURES]
        lines = [line for job in shown for line in job.failure()]
        more = [f"  and {len(self.failed) - FAILURES} more"] * (len(self.failed) > FAILURES)
        return "\n".join([f"{stopped}; {len(self.failed)} failed:", *lines, *more, MEND])
