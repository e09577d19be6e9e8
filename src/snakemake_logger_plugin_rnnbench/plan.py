"""What the jobs of a dry run will take, in three lines; what jobs that nobody saw yet will take.

A job takes the seconds that its rule states as a resource, with ``seconds_by`` to say whence; else
what it took here the last time; else what jobs of its rule took here on average; else about what
they took in the default study on an AMD EPYC (Zen 4) with two cores.
"""

import csv
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from rnnbench.provenance import finished_jobs
from snakemake_logger_plugin_rnnbench.progress import side_by_side

ELSEWHERE = Path(__file__).with_name("seconds.csv")
SHORT = 2.0  # seconds of a job of a rule that nothing is known of: little more than a start
NOUNS = {"run": "training run", "trial": "trial run", "campaign": "timing job"}
SHOWN = 3  # rules told by themselves
BY_LAST, BY_OTHERS = (
    "earlier times of the same rule here",
    "times of the same rule elsewhere, rough",
)


@dataclass(frozen=True)
class Expected:
    """A job to come: its rule, how long it will take, and what says so."""

    rule: str
    seconds: float
    by: str


class Experience:
    """What jobs took: here, by the records of jobs in ``folder``, and elsewhere."""

    def __init__(self, folder: Path):
        self.outputs: dict[str, float] = {}
        of_rules = defaultdict(list)
        for job in finished_jobs.finished(folder):
            self.outputs |= dict.fromkeys(job.outputs, job.seconds)
            of_rules[job.rule].append(job.seconds)
        self.rules = {rule: mean(seconds) for rule, seconds in of_rules.items()}
        with ELSEWHERE.open(encoding="utf-8", newline="") as file:
            self.elsewhere = {row["rule"]: float(row["seconds"]) for row in csv.DictReader(file)}

    def expected(self, record: logging.LogRecord) -> Expected:
        """Read a job off the event that announces it."""
        rule, resources = record.rule_name, dict(record.resources.items())
        if "seconds" in resources:
            return Expected(rule, resources["seconds"], resources["seconds_by"])
        last = [self.outputs[name] for name in map(str, record.output) if name in self.outputs]
        by = BY_LAST if last or rule in self.rules else BY_OTHERS
        return Expected(rule, max(last) if last else self.usual(rule), by)

    def usual(self, rule: str) -> float:
        """Seconds of a job of a rule, whichever job it is."""
        return self.rules.get(rule, self.elsewhere.get(rule, SHORT))


def lines(jobs: Sequence[Expected], cores: int) -> str:
    """Say what will be made, how long it takes on ``cores`` and on one, and what says so."""
    seconds, counts = by_rule(jobs), Counter(job.rule for job in jobs)
    whole, alone = (spelled(side_by_side(seconds, counts, workers)) for workers in (cores, 1))
    on = f" on {cores} cores, {alone} on one" if cores > 1 else ""
    return (
        f"to do: {len(jobs)} jobs: {parts(seconds, counts)}\n"
        f"time: about {whole}{on}\n"
        f"estimated from: {origins(jobs)}"
    )


def by_rule(jobs: Iterable[Expected]) -> dict[str, float]:
    """Seconds of all jobs of each rule together, the longest first."""
    total: dict[str, float] = defaultdict(float)
    for job in jobs:
        total[job.rule] += job.seconds
    return dict(sorted(total.items(), key=lambda pair: -pair[1]))


def parts(seconds: Mapping[str, float], counts: Mapping[str, int]) -> str:
    """The rules that take most, one after the other as if on one core, and all others together."""
    said = [f"{named(rule, counts[rule])} {spelled(seconds[rule])}" for rule in [*seconds][:SHOWN]]
    rest = [*seconds][SHOWN:]
    if rest:
        number, time = (sum(values[rule] for rule in rest) for values in (counts, seconds))
        said.append(f"{number} other{'s' * (number > 1)} {spelled(time)}")
    return ", ".join(said)


def named(rule: str, number: int) -> str:
    """``88 training runs``, ``1 timing job``, ``27 zipf``."""
    return f"{number} {NOUNS[rule]}{'s' * (number > 1)}" if rule in NOUNS else f"{number} {rule}"


def origins(jobs: Sequence[Expected]) -> str:
    """What says so, the one behind most of the time first, and of how many jobs."""
    time: dict[str, float] = defaultdict(float)
    for job in jobs:
        time[job.by] += job.seconds
    counts = Counter(job.by for job in jobs)
    order = sorted(counts, key=lambda by: -time[by])
    return ", ".join(f"{by} ({counts[by]} job{'s' * (counts[by] > 1)})" for by in order)


def spelled(seconds: float) -> str:
    """Two figures of a time, in the unit that a reader would choose."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    minutes = seconds / 60
    return f"{minutes:.2g} min" if minutes < 100 else f"{minutes / 60:.2g} h"
