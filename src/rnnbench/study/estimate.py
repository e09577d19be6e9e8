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

from rnnbench.base import presets
from rnnbench.base.parameters import RunConfig
from rnnbench.study import sittings
from rnnbench.study.study import Study
from rnnbench.timing import cost_model
from rnnbench.training import native

TYPICAL_COSTS = Path(__file__).with_name("typical_costs.csv")
TYPICAL_TOKENS, UNCOUNTED = 170_000, ""  # of a text that is not counted yet
VOCABULARY = 10  # distinct words of a text, over the square root of its length (Heaps' law)
STOPPED = 0.3  # of its epochs, after which patience ends a run: .2 to .4 in most studies
IMPORT_SECONDS = 1.7  # of a training job, which the cost model's processes are forked past

OWN = "the cost model of this machine, typical error {:.0f} %"
SCALED = "costs measured on {}, scaled to this machine"
ROUGH = "costs measured on {}, rough"
RELATED = " and of the plain variant"
PROTOCOL = "the protocol of the timings"

PROCESS_SECONDS = 0.4  # of a timed process beside its warm-up and what it times
ROUND_SECONDS = 2.0  # of a fresh interpreter
ADMISSION_SECONDS = 0.5  # of each variant and implementation
GRACE_MINUTES = 10  # for a start from a file system that is far away
SLOWER = 4  # times as long as told a job may take before a cluster ends it
AUDIT_MINUTES = 60  # for its checks, and for the text statistics that are drawn
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
        self.own = {(*work(row), row["device"]): row for row in own if one_thread(row)}
        self.typical = {work(row): row for row in read(TYPICAL_COSTS)}

    @staticmethod
    def ngram_mb(wildcards: Mapping[str, str], input: Any, attempt: int) -> int:
        """Memory of the n-gram models of a text, MB: up to 200 bytes a character."""
        text = Path(input.text)
        return attempt * max(4000, 1000 + (text.stat().st_size if text.exists() else 0) // 5000)

    def run(self, wildcards: Mapping[str, str], input: Any) -> int:
        """Seconds of a training run, which its patience may end early."""
        run = self.study.run(wildcards)
        share = STOPPED if math.isfinite(run.patience) else 1
        return math.ceil(IMPORT_SECONDS + share * self.trained(run, input.tokens))

    def trained(self, run: RunConfig, ids: str | Path) -> float:
        """Seconds of all epochs of a training run on a text, whose tokens lie at ``ids``."""
        cost, factor, _ = self.cost(run)
        number = text_tokens(ids)
        if run.token == "word":
            words = VOCABULARY * math.sqrt(min(number, run.train_tokens))
            cost = {**cost, "vocab_size": words}
        return factor * cost_model.predict_seconds(run, cost, number)

    def run_minutes(self, wildcards: Mapping[str, str], input: Any, attempt: int) -> int:
        """Minutes to ask a cluster for: each attempt takes a run up where the last one left it."""
        return attempt * minutes(self.trained(self.study.run(wildcards), input.tokens))

    def audit_minutes(self, wildcards: Mapping[str, str]) -> int:
        """Minutes to ask a cluster for, for an audit: the longest runs, and all their seeds."""
        addresses = self.study.runs + self.study.trials
        longest = sorted(self.trained(self.study.run(a), UNCOUNTED) for a in addresses)[::-1]
        sample, seeds = self.study["audit"]["sample"], max(1, len(self.study["runs"]["seeds"]))
        drawn = len(longest) if sample == "all" else int(sample) * seeds
        return AUDIT_MINUTES + minutes(sum(longest[:drawn]))

    def run_by(self, wildcards: Mapping[str, str]) -> str:
        """What the seconds of a training run are read from."""
        return self.cost(self.study.run(wildcards))[2]

    def cost(self, run: RunConfig) -> tuple[Mapping[str, Any], float, str]:
        """Return the costs of a run, what they are to be multiplied by, and their origin.

        They are those of the step that trains it, over the layers of its own model.
        """
        name = self.trainer(run)
        model = presets.of(run.variant)
        layers = {"num_layers": model.num_layers, "directions": 1 + model.bidirectional}
        layers["embedding_size"] = model.embedding_size
        own = self.own.get((*name, run.device))
        if own:
            return {**own, **layers}, 1.0, OWN.format(100 * own["heldout_error"])
        typical, factor = self.like(name), self.factor(run)
        origin = (SCALED if factor else ROUGH).format(typical["machine"])
        related = "" if name in self.typical else RELATED
        return {**typical, **layers}, factor or 1.0, origin + related

    def trainer(self, run: RunConfig) -> tuple[str, str]:
        """Whose step will train a run, unless the gate refuses it: a variant, an implementation."""
        own = presets.own(run.variant)
        if run.engine == "fastest":
            faster = (way for way in presets.FASTEST[run.device] if usable(way, run))
            way = next(faster, own)
            if way != own:
                return presets.plain(run.variant), way
        return run.variant, own

    def like(self, name: tuple[str, str]) -> Mapping[str, Any]:
        """Typical costs of a step, else of the plain variant of its cell, else of the LSTM."""
        variant, way = name
        plain = presets.plain(variant)
        for known in ((variant, way), (plain, way), (plain, presets.own(plain))):
            if known in self.typical:
                return self.typical[known]
        return self.typical["lstm", "torch_nn"]

    def factor(self, run: RunConfig) -> float | None:
        """Time of a step here over that on the other machine, median over the variants of both."""
        sizes = (run.hidden_size, run.batch_size, run.num_steps)
        both = [
            cost_model.step_seconds(row, *sizes)
            / cost_model.step_seconds(self.typical[work(row)], *sizes)
            for (*_, device), row in self.own.items()
            if device == run.device and work(row) in self.typical
        ]
        return median(both) if both else None

    def speed(self) -> int:
        """Seconds of the timings: of every sitting that is lacking all processes of all points."""
        speed, points = self.study["speed"], self.study.timings
        twins = sum(
            p["variant"] in speed["twins"] and p["implementation"] == presets.own(p["variant"])
            for p in points
        )
        timed = {(p["variant"], p["implementation"], p["dtype"]) for p in points}
        round_seconds = ROUND_SECONDS + (len(points) + twins) * self.process_seconds
        done = sittings.timed(sittings.place(self.study.machine) / sittings.RECORD)
        rounds = max(self.study.protocol["sittings"] - done, 1) * speed["processes"]
        return math.ceil(ADMISSION_SECONDS * len(timed) + rounds * round_seconds)

    def probes(self) -> int:
        """Seconds of the probes, each of which takes as long as some processes of one window."""
        speed, probes = self.study["speed"], self.study.probes
        process = PROCESS_SECONDS + speed["warmup_seconds"] + speed["timed_seconds"] / 3
        asked = sum(PROBE_PROCESSES[work] * len(probes[work]) for work in probes)
        return math.ceil(self.study["probes"]["rounds"] * process * asked)

    @property
    def process_seconds(self) -> float:
        """Of a process that times training steps."""
        speed = self.study["speed"]
        return PROCESS_SECONDS + speed["warmup_seconds"] + speed["timed_seconds"]


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


def usable(implementation: str, run: RunConfig) -> bool:
    """Whether an implementation can train a run here."""
    why = presets.refusal(run.variant, implementation, run.device, "float32", **run.demands)
    return why is None and (implementation != "fused" or native.missing() is None)


def work(row: Mapping[str, Any]) -> tuple[str, str]:
    """The variant and the implementation of costs."""
    return row["variant"], row["implementation"]


def whole(row: Mapping[str, Any]) -> bool:
    """Whether costs are of this release's model, whose every column they have."""
    return row.keys() >= {*cost_model.SERIES, *cost_model.MODEL, *cost_model.COSTS}


def one_thread(row: Mapping[str, Any]) -> bool:
    """Whether costs are those of a training run: one thread, float32."""
    return row["threads"] == 1 and row["dtype"] == "float32"


def text_tokens(ids: str | Path) -> int:
    """Length of a text in tokens; of one that is not there yet, a typical one."""
    return len(np.load(ids, mmap_mode="r")) if Path(ids).is_file() else TYPICAL_TOKENS
