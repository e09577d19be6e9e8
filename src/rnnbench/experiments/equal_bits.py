"""Where equal work parts: one training under all that may change its bits, loss by loss.

Each arm trains the same runs from the same weights in a process of its own: one that does the same
again, one with more threads, ones held to narrower instruction sets, the portable mode, CUDA where
it is there. Its losses are held against those of the first, one thread as the libraries choose. A
last bit grows: what matters is after how many updates the losses differ by how much, since that
bounds what an audit may ask of another machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.parameters import RunConfig
from rnnbench.machine import processor
from rnnbench.text.metrics import relative_difference
from rnnbench.training.arithmetic import determinism

TOLERANCES = (1e-6, 1e-4, 1e-2)
THREADS = 2  # of the arm that has more than one
ISAS = {"avx2": "avx2", "avx512": "avx512f"}  # torch's name -> the processor's


@dataclass(frozen=True)
class Arm:
    """A surrounding in which the runs are trained.

    Attributes:
        name: of what is changed.
        device: cpu or cuda.
        threads: that torch may use.
        settings: what the environment says to the libraries.
    """

    name: str
    device: str = "cpu"
    threads: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)


def arms(unavailable: Mapping[str, str]) -> list[Arm]:
    """All that can be tried here, the one that the others are held against first."""
    flags = processor.flags().split()
    there = ["default", *(name for name, flag in ISAS.items() if flag in flags)]
    return [
        Arm("reference"),
        Arm("again"),
        Arm(f"{THREADS} threads", threads=THREADS),
        *(Arm(name, settings={"ATEN_CPU_CAPABILITY": name}) for name in there),
        Arm("portable", settings=determinism.PORTABLE),
        *([] if "cuda" in unavailable else [Arm("cuda", "cuda")]),
    ]


def study(
    runs: Sequence[RunConfig], tokens: np.ndarray, vocab_size: int, tried: Sequence[Arm]
) -> tuple[DataFrame, DataFrame]:
    """Train every run in every arm.

    Args:
        runs: what is trained.
        tokens: of the text, ``(N,)``.
        vocab_size: of the text.
        tried: the first is what the others are held against.

    Returns:
        One row per run and arm: is all equal, and at which update, 1 the first, the relative
        difference of the loss first exceeds each tolerance (empty: never); and one row per run,
        arm and epoch.
    """
    reference, *others = (list(trained(arm, runs, tokens, vocab_size)) for arm in tried)
    rows, epochs = [], []
    for arm, results in zip(tried[1:], others, strict=True):
        for run, base, other in zip(runs, reference, results, strict=True):
            key = run.as_row() | {"arm": arm.name}
            about = {"device": arm.device, "threads": arm.threads}
            about |= {name: other[name] for name in ("capability", "numerics_id")}
            about["same_numerics"] = other["numerics_id"] == base["numerics_id"]
            rows.append(key | about | compared(base, other))
            epochs += [key | row for row in by_epoch(base, other)]
    return DataFrame(rows), DataFrame(epochs)


def trained(
    arm: Arm, runs: Sequence[RunConfig], tokens: np.ndarray, vocab_size: int
) -> Iterator[dict[str, Any]]:
    """Train the runs in a process of its own; yield what :func:`losses` says of each.

    Raises:
        CalledProcessError: the process failed; its words are on standard error.
    """
    own = [replace(run, device=arm.device).as_row() for run in runs]
    asked = {"runs": own, "threads": arm.threads, "vocab_size": vocab_size}
    asked["tokens"] = tokens.tolist()
    environment = {k: v for k, v in os.environ.items() if k not in determinism.PORTABLE}
    done = subprocess.run(
        [sys.executable, "-m", "rnnbench.experiments.equal_bits"],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment | dict(arm.settings),
    )
    return iter(json.loads(done.stdout))


def losses(run: RunConfig, tokens: np.ndarray, vocab_size: int) -> dict[str, Any]:
    """Train here; the loss of every update in nats per token, its epoch, and the weights."""
    import torch

    from rnnbench.training import initial, loop
    from rnnbench.training.arithmetic import numerics
    from rnnbench.training.progress import split, start

    progress = start(run, vocab_size)
    texts = split(tokens, run)
    first = initial.digest(progress.model)
    found = [
        (epoch, loss.item())
        for epoch in range(1, run.num_epochs + 1)
        for loss, _, _ in loop.steps(run, texts.train, progress)
    ]
    return {
        "epochs": [epoch for epoch, _ in found],
        "losses": [loss for _, loss in found],
        "initial_weights_sha256": first,
        "weights_sha256": initial.digest(progress.model),
        "numerics_id": numerics.identify(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def compared(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the weights came out equal, and the first update beyond each tolerance."""
    apart = relative_difference(*(np.asarray(side["losses"], float) for side in (base, other)))
    beyond = {f"first_update_beyond_{t:g}": _first(apart > t) for t in TOLERANCES}
    same = {
        f"equal_{name}": base[f"{name}_sha256"] == other[f"{name}_sha256"]
        for name in ("initial_weights", "weights")
    }
    return {**same, **beyond, "updates": len(apart), "largest_difference": float(apart.max())}


def by_epoch(base: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of each epoch: losses in nats per token, and their relative difference."""
    epochs = np.asarray(base["epochs"])
    left, right = np.asarray(base["losses"], float), np.asarray(other["losses"], float)
    for epoch in range(1, int(epochs.max()) + 1):
        means = np.array([[side[epochs == epoch].mean()] for side in (left, right)])
        (apart,) = relative_difference(*means)
        yield {
            "epoch": epoch,
            "reference_nats_per_token": means[0].item(),
            "nats_per_token": means[1].item(),
            "relative_difference": float(apart),
        }


def _first(beyond: np.ndarray) -> int | None:
    """Number of the first that is true, counted from 1."""
    return int(beyond.argmax()) + 1 if beyond.any() else None


def main() -> None:
    """Do what standard input asks for, and say on standard output what came of it."""
    import torch

    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    tokens = np.asarray(asked["tokens"])
    runs = [RunConfig.from_strings(row) for row in asked["runs"]]
    found = [losses(run, tokens, asked["vocab_size"]) for run in runs]
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
