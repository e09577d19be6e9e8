"""How long the training runs and timings of a study will take, told before they run.

A training run takes what the cost model says: that of this machine if its variant was fitted here,
else that of the machine whose costs come with the suite, times what this machine takes for the
variants that were fitted on both. Timings take what their protocol grants them. Nothing here needs
torch or pandas.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rnnbench.base import plugins
from rnnbench.base.parameters import RunConfig
from rnnbench.study.study import Study
from rnnbench.timing import cost_model
from rnnbench.training import native

TYPICAL_COSTS = Path(__file__).with_name("typical_costs.csv")
TYPICAL_TOKENS = 170_000  # of a text that is not counted yet
IMPORT_SECONDS = 1.7  # of a training job, which the cost model's processes are forked past

OWN = "the cost model of this machine, typical error {:.0f} %"
SCALED = "costs of {}, scaled to this machine"
ROUGH = "costs of {}, rough"
RELATED = " and of the plain variant"
PROTOCOL = "the protocol of the timings"

PROCESS_SECONDS = 0.4  # of a timed process beside its warm-up and windows
ROUND_SECONDS = 2.0  # of a fresh interpreter
ADMISSION_SECONDS = 0.5  # of each variant
GRACE_MINUTES = 10  # for a start from a file system that is far away
SLOWER = 4  # times as long as told a job may take before a cluster ends it
PROBE_PROCESSES = {"limit": 13, "inference": 2, "breakdown": 5, "scaling": 1.1, "neighbours": 5}


class Estimate:
    """Resources of the workflow's longer jobs: ``seconds``, and what says so.

    Args:
        study: what is to be done.
        fitted: file of the table ``costs`` of this study; it need not be there.
    """

    def __init__(self, study: Study, fitted: Path):
        self.study = study
        own = [row for row in read(fitted) if row["machine"] == study.machine and whole(row)]
        self.own = {(row["variant"], row["device"]): row for row in own if one_thread(row)}
        self.typical = {row["variant"]: row for row in read(TYPICAL_COSTS)}

    @staticmethod
    def ngram_mb(wildcards: Mapping[str, str], input: Any) -> int:
        """Memory of the n-gram models of a text, MB: up to 200 bytes a character."""
        text = Path(input.text)
        return max(4000, 1000 + (text.stat().st_size if text.exists() else 0) // 5000)

    def run(self, wildcards: Mapping[str, str], input: Any) -> int:
        """Seconds of a training run."""
        run = self.study.run(wildcards)
        cost, factor, _ = self.cost(run)
        trained = cost_model.predict_seconds(run, cost, text_tokens(Path(input.tokens)))
        return math.ceil(IMPORT_SECONDS + factor * trained)

    def run_minutes(self, wildcards: Mapping[str, str], input: Any, attempt: int) -> int:
        """Minutes to ask a cluster for: each attempt takes a run up where the last one left it."""
        return attempt * minutes(self.run(wildcards, input))

    def run_by(self, wildcards: Mapping[str, str]) -> str:
        """What the seconds of a training run are read from."""
        return self.cost(self.study.run(wildcards))[2]

    def cost(self, run: RunConfig) -> tuple[Mapping[str, Any], float, str]:
        """Return the costs of a run, what they are to be multiplied by, and their origin.

        They are those of the step that trains it, over the layers of its own model.
        """
        name = self.trainer(run)
        layers = {field: self.like(run.variant)[field] for field in ("num_layers", "directions")}
        own = self.own.get((name, run.device))
        if own:
            return {**own, **layers}, 1.0, OWN.format(100 * own["heldout_error"])
        typical, factor = self.like(name), self.factor(run)
        origin = (SCALED if factor else ROUGH).format(typical["machine"])
        related = "" if name in self.typical else RELATED
        return {**typical, **layers}, factor or 1.0, origin + related

    def trainer(self, run: RunConfig) -> str:
        """The variant whose step will train a run, unless the gate refuses it."""
        if run.engine == "own" or self.like(run.variant)["directions"] > 1:
            return run.variant
        built = (n for n in plugins.engines(run.variant, run.device) if usable(n, run.device))
        return next(built, run.variant)

    def like(self, variant: str) -> Mapping[str, Any]:
        """Typical costs of a variant, else of the plain one of its cell, else of the LSTM."""
        known = (name for name in (variant, plugins.cell(variant)) if name in self.typical)
        return self.typical[next(known, "lstm")]

    def factor(self, run: RunConfig) -> float | None:
        """Time of a step here over that on the other machine, median over the variants of both."""
        sizes = (run.hidden_size, run.batch_size, run.num_steps)
        both = [
            cost_model.step_seconds(row, *sizes)
            / cost_model.step_seconds(self.typical[variant], *sizes)
            for (variant, device), row in self.own.items()
            if device == run.device and variant in self.typical
        ]
        return median(both) if both else None

    def speed(self) -> int:
        """Seconds of the timings: the longer of the pilot and the time cap, and every probe.

        A probe takes as long as some processes that time training steps.
        """
        speed, probes = self.study["speed"], self.study.probes
        windows = 1.25 * speed["windows"] * speed["window_seconds"]
        process = PROCESS_SECONDS + speed["warmup_seconds"] + windows
        points = self.study.timings
        round_processes = len(points) + sum(point["variant"] in speed["twins"] for point in points)
        pilot = speed["processes_min"] * (ROUND_SECONDS + round_processes * process)
        admission = ADMISSION_SECONDS * len(speed["variants"]) * len(speed["dtypes"])
        beside = process * sum(PROBE_PROCESSES[work] * len(probes[work]) for work in probes)
        rounds = self.study["probes"]["rounds"]
        return math.ceil(admission + max(pilot, speed["most_seconds"]) + rounds * beside)


def minutes(seconds: float) -> int:
    """Minutes to ask a cluster for, for a job that is told to take ``seconds``."""
    return math.ceil(GRACE_MINUTES + SLOWER * seconds / 60)


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a table of costs, numbers as such; none of a file that is not there."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: number(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def number(cell: str) -> Any:
    """The number that a cell says, if it does."""
    try:
        return float(cell)
    except ValueError:
        return cell


def usable(variant: str, device: str) -> bool:
    """Whether a step that needs the native library has it."""
    return not variant.endswith("_fused") or (device == "cpu" and native.missing() is None)


def whole(row: Mapping[str, Any]) -> bool:
    """Whether costs are of this release's model, whose every column they have."""
    return row.keys() >= {*cost_model.MODEL, *cost_model.COSTS}


def one_thread(row: Mapping[str, Any]) -> bool:
    """Whether costs are those of a training run: one thread, float32."""
    return row["threads"] == 1 and row["dtype"] == "float32"


def text_tokens(ids: Path) -> int:
    """Length of a text in tokens; of one that is not there yet, a typical one."""
    return len(np.load(ids, mmap_mode="r")) if ids.is_file() else TYPICAL_TOKENS
