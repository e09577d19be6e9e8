"""Tables of a made-up comparison: any number of machines, some with a GPU."""

from itertools import product

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.comparison import best, caveats, crossover, limits, noise, pairs, targets
from rnnbench.timing.statistics import ratios

WORK = [  # variants by their own implementation, and by another
    *(("rnn", "torch_nn"), ("rnn", "fused"), ("gru", "torch_nn"), ("gru", "fused")),
    *(("lstm", "torch_nn"), ("lstm_scratch", "loop"), ("lstm_bidirectional", "torch_nn")),
]
NO_CUDA = "no NVIDIA driver found"
SIZES = {"hidden_size": 64.0, "batch_size": 32.0, "num_steps": 35.0}
ADDRESS = {"sampler": "random_sampling", "clip_norm": 1.0, "dtype": "float32", **SIZES}
FLOOR = 1.04


def tables(number: int, gpus: int = 1) -> dict[str, DataFrame]:
    """Every table for ``number`` machines, of which the last ``gpus`` have CUDA; the first is the
    baseline."""
    names = [f"maker-{k}-{2 * k}c-16g-{k:06d}" for k in range(1, number + 1)]
    with_gpu = set(names[number - gpus :] if number > 1 else [])
    return {
        "machines": _machines(names, with_gpu),
        "comparison": _comparison(names, with_gpu),
        "best": _best(names),
        "fingerprint": _fingerprint(names),
        "noise": _noise(names),
        "limits": _limits(names, with_gpu),
        "time_to_target": _targets(names),
        "crossover": _crossover(names, with_gpu),
        "missing": _missing(names, with_gpu),
    }


def _named(work: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("variant", "implementation"), work, strict=True))


def _judged(rows: list[dict], columns: list[str]) -> DataFrame:
    return ratios.judge(DataFrame(rows, columns=[*columns, "status"]))[columns]


def _measured(ratio: float, spread: float = 0.02) -> dict:
    p = float(np.exp(-((np.log(ratio) / spread) ** 2)))
    ends = {"low": ratio / (1 + spread), "high": ratio * (1 + spread)}
    own = {"ratio": ratio, **ends, "n": 40.0, "processes": 12.0, "p": p}
    told = {"noise_floor": FLOOR, "disturbed": False, "status": ratios.MEASURED}
    return own | told


def _machines(names: list[str], with_gpu: set[str]) -> DataFrame:
    return DataFrame(
        {
            "machine": names,
            "baseline": [name == names[0] for name in names],
            "hardware": names,
            "bundle": [f"machine={name}" for name in names],
            **{key: f"{key[0]}" * 64 for key in ("manifest_sha256", "source_sha256")},
            **{"lock_sha256": "c" * 64, "rnnbench": "0.1.0", "files": 20, "bytes": 123456},
            **{"points": 14, "measured": 14, "runs": 8, "floor_cpu": FLOOR},
            **{"cpu_model": [f"Maker {k}" for k in range(len(names))]},
            **{"usable_cores": "2", "memory_gib": "16", "system": "Linux", "python": "3.11.7"},
            "gpus": ["Maker GPU" if name in with_gpu else "none" for name in names],
            **{"torch": "2.13.0", "doubts": "unknown", "over_time": "False"},
            **{"load_average_before": "0.1", "load_average_after": "1.0"},
        }
    )


def _comparison(names: list[str], with_gpu: set[str]) -> DataFrame:
    rows = []
    for k, machine in enumerate(names[1:], 1):
        for j, ((variant, way), device) in enumerate(product(WORK, ("cpu", "cuda"))):
            row = {"baseline": names[0], "machine": machine, "variant": variant, "device": device}
            row["implementation"] = way
            row |= ADDRESS | {"threads": 1.0, "threads_policy": "1", "work_sha256": "a" * 64}
            row |= {"conditions": "torch_version 2.13.0 against 2.12.0"}
            if device == "cuda":
                reason = f"{names[0]}: {NO_CUDA}"
                row |= {"status": ratios.NOT_MEASURED, "reason": reason, "conditions": None}
            elif variant == "lstm_scratch":
                reason = "vocab_size 28 against 27"
                row |= {"status": ratios.NOT_COMPARABLE, "reason": reason}
            else:
                row |= _measured(0.7 + 0.1 * ((k + j) % 9))
                row |= {"tokens_per_second": 1e5 * (1 + j), "baseline_tokens_per_second": 1e5}
            rows.append(row)
    return _judged(rows, pairs.COLUMNS)


def _best(names: list[str]) -> DataFrame:
    rows = []
    for k, (machine, family) in enumerate(product(names, ("rnn", "gru", "lstm"))):
        row = {"baseline": names[0], "machine": machine, "family": family, **ADDRESS}
        way = {"variant": family, "implementation": "fused", "device": "cpu", "threads": 2.0}
        way |= {"tokens_per_second": 1e5 * (k + 1), "candidates": 4}
        row |= way | {f"baseline_{name}": value for name, value in way.items()}
        own = {"status": best.BASELINE}
        rows.append(row | (own if machine == names[0] else _measured(0.8 + 0.15 * (k % 7))))
    table = _judged(rows, best.COLUMNS)
    return table.assign(verdict=table.verdict.mask(table.machine == names[0], best.BASELINE))


def _fingerprint(names: list[str]) -> DataFrame:
    flags = " ".join(f"flag{k}" for k in range(150))
    fields = {"cpu_flags": [flags] * len(names), "smt": ["on"] * len(names)}
    fields["turbo"] = ["unknown"] * len(names)
    fields["cpu_model"] = [f"Maker {k}" for k in range(len(names))]
    rows = [
        {"field": field, "machine": name, "value": value, "differs": len({*values}) > 1}
        for field, values in fields.items()
        for name, value in zip(names, values, strict=True)
    ]
    return DataFrame(rows)


def _noise(names: list[str]) -> DataFrame:
    found = {"ratio": 1.01, "low": 0.97, "high": 1.05, "n": 20, "processes": 6, "floor": FLOOR}
    rows = [
        {"machine": name, "variant": "gru", "device": "cpu", "threads": t, **ADDRESS, **found}
        for name, t in product(names, (1.0, 2.0))
    ]
    return DataFrame(rows, columns=noise.COLUMNS)


def _limits(names: list[str], with_gpu: set[str]) -> DataFrame:
    rows = []
    for k, (name, work, device) in enumerate(product(names, WORK, ("cpu", "cuda"))):
        row = {"machine": name, "device": device, "threads": 1.0, **ADDRESS, **_named(work)}
        if device == "cpu" or name in with_gpu:
            share = 0.2 + 0.05 * (k % 13)
            row |= {"tokens_per_second": 1e5, "low": 9e4, "high": 1.1e5, "n": 20}
            row |= {"share_of_limit": share, "share_of_roofline": share / 2, "status": "measured"}
        else:
            row |= {"status": "not available here", "reason": NO_CUDA}
        rows.append(row)
    return DataFrame(rows, columns=limits.COLUMNS)


def _targets(names: list[str]) -> DataFrame:
    rows = []
    for k, (name, work, target) in enumerate(product(names, WORK, (10.0, 5.0))):
        row = {"machine": name, "device": "cpu", "threads": 1.0, **ADDRESS, **_named(work)}
        row |= {"target_perplexity": target, "corpus": "time_machine", "seed": 1}
        if target == 10.0 and work[0] != "lstm_scratch":
            seconds = 2.0 + k % 11
            row |= {"seconds": seconds, "low": 0.9 * seconds, "high": 1.2 * seconds, "epochs": 40}
            row |= {"status": targets.REACHED}
        else:
            row |= {"status": targets.NEVER, "reason": "above it after 60 epochs"}
        rows.append(row)
    return DataFrame(rows, columns=targets.COLUMNS)


def _crossover(names: list[str], with_gpu: set[str]) -> DataFrame:
    rows = []
    for name in names:
        own = {"machine": name, "status": ratios.NOT_MEASURED, "region": "unknown", **ADDRESS}
        if name not in with_gpu:
            rows.append(own | {"reason": NO_CUDA})
            continue
        for variant, hidden, batch in product(("rnn", "gru"), (64.0, 256.0, 1024.0), (8.0, 32.0)):
            ratio = 0.3 * hidden * batch / 2048
            bound = "launch-bound" if hidden < 256 else "compute-bound"
            row = own | {"variant": variant, "hidden_size": hidden, "batch_size": batch}
            rows.append(row | _measured(ratio) | {"region": bound})
    return _judged(rows, crossover.COLUMNS)


def _missing(names: list[str], with_gpu: set[str]) -> DataFrame:
    rows = [
        {"machine": name, "part": "speed", "device": "cuda", **ADDRESS, **_named(work)}
        | {"status": "not available here", "reason": NO_CUDA}
        for name, work in product(names, WORK)
        if name not in with_gpu
    ]
    return DataFrame(rows, columns=caveats.COLUMNS)


def hostile(found: dict[str, DataFrame], evil: str) -> dict[str, DataFrame]:
    """The same tables with ``evil`` in every cell of words that a bundle may fill as it likes."""
    kept = {"verdict", "baseline", "differs"}
    names = {name: f"{name} {evil}" for name in found["machines"].machine}
    spoiled = {}
    for key, table in found.items():
        table = table.copy()
        for column in table.columns.difference([*kept, "status"]):
            if column in {"machine", "hardware"}:
                table[column] = table[column].map(names)
            elif not pd.api.types.is_numeric_dtype(table[column]):
                table[column] = [
                    evil if isinstance(value, str) else value for value in table[column]
                ]
        if key != "machines" and "baseline" in table:
            table["baseline"] = table.baseline.map(names)
        spoiled[key] = table
    return spoiled
