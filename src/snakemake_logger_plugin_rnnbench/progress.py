"""What a run has done, is doing and has still to do, from Snakemake's events: no printing here."""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

EXCLUSIVE = {"campaign", "counting"}  # rules whose jobs have the machine to themselves
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|nan|[Tt]rue|[Ff]alse"
UNSAID = {"machine"}  # wildcards that are the same in all jobs of a run
STEP = r"\b((?:epoch|process|probe) \d+/\d+)[\s:]"
AGAIN = "Run the same command again: finished work is kept."
MEND = "Mend what these lines say, then run the same command again: finished work is kept."
SILENT = "nothing written: it was killed from outside, as for want of memory or time"
FAILURES = 10  # told one by one at the end


def clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def tail(path: str, num_lines: int = 10) -> list[str]:
    """The last lines of a text file that are not blank; none if it cannot be read."""
    with suppress(OSError, ValueError), Path(path).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
        lines = file.read().decode("utf-8", "replace").splitlines()
        return [line.rstrip() for line in lines if line.strip()][-num_lines:]
    return []


def last_step(path: str, since: float) -> str:
    """`epoch 12/25`, of timings `process 12/72` or `probe 3/96`, from the last whole line with one.

    The log must have been written after `since` (Unix seconds).
    """
    with suppress(OSError, ValueError):
        if Path(path).stat().st_mtime >= since - 1:  # an older one is of an earlier attempt
            return (re.findall(STEP, "\n".join(tail(path))) or [""])[-1]
    return ""


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

    def failure(self) -> list[str]:
        """What failed, and the last line of each of its logs."""
        ends = [(log, (tail(log, 1) or [SILENT])[0]) for log in self.logs]
        return [f"  {self.name}", *(f"    {log}: {end}" for log, end in ends)]


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

    def job_error(self, record: logging.LogRecord) -> str:
        job = self.running.pop(record.jobid, None) or Job.of(record)
        job = replace(job, logs=list(record.log or []))  # a cluster adds a log of its own
        self.failed[record.jobid] = job
        lines = [f"failed: {job.name}"]
        for log in job.logs:
            lines += [f"  last lines of {log}:", *("    " + line for line in tail(log))]
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
        gone = f"{self.done}/{self.total} jobs  {clock(now - self.began)} gone"
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
