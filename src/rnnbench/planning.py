"""How a study grows: ``python -m rnnbench.planning dry-run 10 1000 10000`` or ``... cluster``.

``dry-run`` measures what Snakemake needs before its first job: it plans studies of so many
training runs in an empty folder. ``cluster`` tells from the costs of ``rnnbench.estimate``, nothing
is run, when the training runs and timings of a study would be done on so many nodes. Both print
CSV. To be called in the project's folder.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from rnnbench import machine, schedule, schema
from rnnbench.errors import StudyError, UserError
from rnnbench.estimate import Estimate
from rnnbench.schedule import Task
from rnnbench.study import Study

CONFIG = Path("config/config.yaml")
COSTS = Path("results/tables/costs.csv")
START_SECONDS = 10.0  # of a job on Slurm: submitted, Snakemake started twice, its end noticed
NOT_THERE = SimpleNamespace(ids="")  # the text is not counted yet: a typical length is taken
Row = dict[str, Any]


def dry_run(number: int) -> Row:
    """Plan a study of ``number`` training runs of one variant, and the rest of the default study.

    Returns:
        jobs, seconds, CPU seconds and the peak memory in bytes of Snakemake.
    """
    runs = {"variants": ["gru"], "samplers": ["random_sampling"], "clip_norm": [1]}
    runs |= {"seeds": list(range(1, number + 1)), "devices": ["cpu"]}
    config = {"runs": runs, "generation": {"variants": []}, "memory": {"variants": []}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "snakemake", "--dry-run", "--directory", folder]
        began = time.perf_counter()
        with subprocess.Popen(
            [*command, "--configfile", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None  # it is a pipe
            said = process.stdout.read().decode()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        spent = time.perf_counter() - began
    if process.returncode:
        raise StudyError(f"a dry run of {number} training runs failed: {said[-500:]}")
    (jobs,) = re.findall(r"^total +(\d+)$", said, re.MULTILINE)[:1]
    return {
        "runs": number,
        "jobs": int(jobs),
        "seconds": round(spent, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def cluster(study: Study, estimate: Estimate, nodes: int, cores: int) -> Row:
    """When the training runs and the timings of a study are done, by the list scheduler.

    Returns:
        hours until all is done, until the runs alone would be, and of the timings; core hours that
        are taken, and the share of all cores until the end that they are.
    """
    timings, *runs = work(study, estimate)
    ends = [schedule.seconds(schedule.place(t, nodes, cores)) for t in ([timings, *runs], runs)]
    taken = timings.seconds * cores + sum(run.seconds for run in runs)
    return {
        "runs": len(runs),
        "nodes": nodes,
        "cores": cores,
        "hours": round(ends[0] / 3600, 2),
        "runs_hours": round(ends[1] / 3600, 2),
        "timings_hours": round(timings.seconds / 3600, 2),
        "core_hours": round(taken / 3600, 1),
        "busy_share": round(taken / (ends[0] * nodes * cores), 2),
    }


def work(study: Study, estimate: Estimate) -> Iterator[Task]:
    """The timings, then the training runs of the grid and of trials, with their starts."""
    yield Task("timings", START_SECONDS + estimate.speed(), alone=True)
    for address in (*study.runs, *study.trials):
        yield Task("/".join(address.values()), START_SECONDS + estimate.run(address, NOT_THERE))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows, or one line that says what is wrong; returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        rows = [dry_run(number) for number in asked.runs] if "runs" in asked else _clusters(asked)
    except UserError as error:
        print(f"rnnbench: {error}", file=sys.stderr)
        return 2
    writer = csv.DictWriter(sys.stdout, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return 0


def _clusters(asked: argparse.Namespace) -> list[Row]:
    config = schema.read([CONFIG, *asked.configs])
    study = Study(config, *machine.asked(str(config["machine"])))
    estimate = Estimate(study, COSTS)
    return [cluster(study, estimate, nodes, asked.cores) for nodes in asked.nodes]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m rnnbench.planning", description=__doc__)
    commands = parser.add_subparsers(required=True)
    planned = commands.add_parser("dry-run", help="measure what Snakemake needs to plan")
    planned.add_argument("runs", nargs="+", type=_number, help="training runs of each study")
    simulated = commands.add_parser("cluster", help="tell when a study would be done on a cluster")
    simulated.add_argument("configs", nargs="*", type=Path, help="on top of config/config.yaml")
    simulated.add_argument("--nodes", nargs="+", type=_number, default=[1, 10, 100])
    simulated.add_argument("--cores", type=_number, default=16, help="of each node (16)")
    return parser


def _number(text: str) -> int:
    """A whole number above 0."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"wanted a whole number above 0, found {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
