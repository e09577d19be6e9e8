"""Bundles of machines that are not there, for tests: small, whole, and made as real ones are."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.comparison.published.machine import Machine
from rnnbench.provenance.bundle import Bundle
from rnnbench.tables.speeds import Speeds

NO_GPU = "no NVIDIA GPU with a working driver found"
POINT = {
    **{"sampler": "sequential_partition", "clip_norm": 1.0, "dtype": "float32"},
    **{"hidden_size": 64, "batch_size": 32, "num_steps": 35},
}
WORK = {
    **{"corpus": "calibration", "tokens_sha256": "d" * 64, "vocab_size": 28, "learning_rate": 1.0},
    **{"optimiser": "sgd", "protocol": 3, "source_sha256": "e" * 64, "torch_version": "2.13.0"},
    **{"timed_seconds": 1.6, "warmup_seconds": 0.25},
}
SPEEDS = {  # variant, implementation -> tokens per second
    **{("rnn", "torch_nn"): 4e5, ("gru", "torch_nn"): 2e5, ("gru_deep", "torch_nn"): 1e5},
    ("gru", "fused"): 9e5,
}
PROCESSES, SITTINGS, STEPS = 3, 2, 60
EPOCHS = {"rnn": [20.0, 11.0, 9.0], "gru": [20.0, 15.0, 11.0]}  # held-out perplexity by epoch
EPOCH_TOKENS, HELDOUT_TOKENS = 1000, 500


def bundle_of(
    name: str,
    factor: float = 1.0,
    cores: int = 2,
    seed: int = 0,
    devices: Sequence[str] = ("cpu",),
    facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Bundle:
    """A bundle of a machine ``factor`` times as fast as SPEEDS; ``changes`` are of every point."""
    rng = np.random.default_rng(seed)
    points, samples = [], []
    for device in ("cpu", "cuda"):
        for (variant, implementation), speed in SPEEDS.items():
            for threads in dict.fromkeys([1, cores]):
                row = {"machine": name, "variant": variant, "implementation": implementation}
                row |= {"device": device, "threads": threads}
                row |= POINT | {k: v for k, v in changes.items() if k in POINT}
                told = (
                    {"status": "measured", "reason": None}
                    | WORK
                    | {"usable_cores": cores}
                    | changes
                )
                if device not in devices:
                    points.append(row | {"status": "not available here", "reason": NO_GPU})
                    continue
                rate = factor * speed * (10 if device == "cuda" else 1)
                twin = (variant, implementation) == ("gru", "torch_nn")
                samples.append(_processes(row, rate, rng, 2 if twin else 1))
                points.append(row | told)
    if samples:
        found = Speeds(pd.concat(samples, ignore_index=True))
        points = [point | found.summary(point) | point for point in points]
    files = _files(name, points, samples, {"usable_cores": cores, **(facts or {})})
    return Bundle.make(name, files, "a" * 64, {"calibration": "c" * 64})


def machine_of(name: str, label: str = "", **options: Any) -> Machine:
    """The same, as it is read."""
    return Machine(label or name, f"machine={name}", bundle_of(name, **options))


def samples_of(machine: Machine) -> DataFrame:
    """Its processes, as they lie in its bundle."""
    return machine.table(f"speed/machine={machine.name}/samples.csv", [])


def changed(machine: Machine, **tables: DataFrame) -> Machine:
    """A machine with tables in place of its own: ``speed``, ``samples``, ``launches`` …."""
    files = dict(machine.bundle.files)
    for table, rows in tables.items():
        folder = f"speed/machine={machine.name}" if table == "samples" else "tables"
        files[f"{folder}/{table}.csv"] = csv(rows)
    made = Bundle.make(machine.name, files, "a" * 64, {"calibration": "c" * 64})
    return Machine(machine.label, machine.file, made)


def csv(table: DataFrame) -> bytes:
    text = io.StringIO()
    table.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()


def _processes(row: dict[str, Any], rate: float, rng: np.random.Generator, arms: int) -> DataFrame:
    rows = []
    for sitting in range(1, SITTINGS + 1):
        for process in range(1, arms * PROCESSES + 1):
            level = rate * np.exp(0.004 * rng.standard_normal())
            times = 1e6 * 1120 / level * np.exp(np.abs(0.01 * rng.standard_normal(STEPS)))
            own = {"sitting": sitting, "process": process, "arm": "ba"[process % arms == 1 % arms]}
            own |= {"sample_microseconds": " ".join(f"{time:.4g}" for time in times)}
            rows.append(own | {"round": (process - 1) // arms + 1})
    table = DataFrame(rows).assign(**row, num_tokens=1120, num_minibatches=1, steady=True)
    facts = {"initialisation_seconds": 0.1, "first_step_seconds": 0.1, "load_average": 0.0}
    facts |= {"gates": 1, "num_layers": 1, "directions": 1, "vocab_size": 28, "embedding_size": 0}
    facts |= {"energy_joules": np.nan, "energy_source": "unknown: no counter"}
    facts |= {"numerics_id": "abc", "sitting_began": "2026-01-01T00:00:00", "outside_load": 0.0}
    return table.assign(**facts, peak_memory_bytes=1, seconds=1.0, cpu_seconds=1.0)


def _files(
    name: str, points: list[dict], samples: list[DataFrame], facts: Mapping[str, Any]
) -> dict[str, bytes]:
    told = {"cpu_model": f"processor of {name}", "torch": "2.13.0", "blas": "mkl", **facts}
    machines = DataFrame({"machine": name, "field": list(told), "value": list(told.values())})
    key = {**POINT, "machine": name, "corpus": "calibration", "device": "cpu", "seed": 1}
    runs = [
        key | {"variant": v, "status": "converged", "reason": None, "learning_rate": 1.0}
        for v in EPOCHS
    ]
    files = {
        "tables/speed.csv": csv(DataFrame(points)),
        "tables/machines.csv": csv(machines),
        "tables/campaign.csv": csv(DataFrame([{"machine": name, "doubts": "none"}])),
        "tables/runs.csv": csv(DataFrame(runs)),
        "requirements.lock": b"torch==2.13.0\n",
    }
    if samples:
        files[f"speed/machine={name}/samples.csv"] = csv(pd.concat(samples, ignore_index=True))
    for run in runs:
        curve = DataFrame({"validation_perplexity": EPOCHS[run["variant"]]})
        curve["validation_total_nats"] = HELDOUT_TOKENS * np.log(curve.pop("validation_perplexity"))
        curve = curve.assign(epoch=range(1, len(curve) + 1), num_tokens=EPOCH_TOKENS)
        curve = curve.assign(validation_num_tokens=HELDOUT_TOKENS, **run)
        files[f"runs/machine={name}/variant={run['variant']}/curve.csv"] = csv(curve)
    return files
