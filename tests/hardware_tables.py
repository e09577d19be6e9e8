"""Tables of a made-up comparison: any number of machines, some with a GPU."""

from itertools import product

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import MEASURED
from rnnbench.comparison import best, caveats, targets
from rnnbench.timing.statistics import ratios

WORK = [  # variants by their own implementation, and by another
    *(("rnn", "torch_nn"), ("rnn", "fused"), ("gru", "torch_nn"), ("gru", "fused")),
    *(("lstm", "torch_nn"), ("lstm_scratch", "loop"), ("lstm_bidirectional", "torch_nn")),
]
POLICIES = {"1": 1.0, "all": 2.0}
NO_CUDA = "no NVIDIA driver found"
SIZES = {"hidden_size": 64.0, "batch_size": 32.0, "num_steps": 35.0}
ADDRESS = {"sampler": "random_sampling", "clip_norm": 1.0, "dtype": "float32", **SIZES}
MEASUREMENT = [
    *("ratio", "low", "high", "typical_ratio", "typical_low", "typical_high", "sittings"),
    *("baseline_sittings", "processes", "p", "p_adjusted", "smallest_difference"),
    *("sittings_needed", "verdict", "reason"),
]
OVERALL = [
    *("baseline", "machine", "scope", "device", "threads_policy", "cell", "pieces", "sittings"),
    *("baseline_sittings", "ratio", "low", "high", "typical_ratio", "typical_low"),
    *("typical_high", "p", "smallest_difference", "sittings_needed", "verdict"),
]
SPEED = ["tokens_per_second", "low", "high"]
SPEED += [f"typical_{name}" for name in SPEED] + ["sittings", "processes"]
SIDES = ("baseline_", "")
ALPHA, EQUAL_WITHIN = 0.05, 0.05


def tables(number: int, gpus: int = 1, sittings: int = 2) -> dict[str, DataFrame]:
    """Every table for ``number`` machines, of which the last ``gpus`` have CUDA; the first is the
    baseline."""
    names = [f"maker-{k}-{2 * k}c-16g-{k:06d}" for k in range(1, number + 1)]
    with_gpu = set(names[number - gpus :] if number > 1 else [])
    comparison = _comparison(names, with_gpu, sittings)
    return {
        "machines": _machines(names, with_gpu, sittings),
        "overall": _overall(comparison),
        "comparison": comparison,
        "best": _best(names, sittings),
        "fingerprint": _fingerprint(names),
        "noise": _noise(names),
        "limits": _limits(names, with_gpu),
        "time_to_target": _targets(names),
        "crossover": _crossover(names, with_gpu),
        "missing": _missing(names, with_gpu),
    }


def _named(work: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("variant", "implementation"), work, strict=True))


def _measured(ratio: float, spread: float = 0.02, sittings: int = 2) -> dict:
    """A measurement with its verdict, as the comparison gives it."""
    p = float(np.exp(-((np.log(ratio) / spread) ** 2)))
    typical, wide = ratio**0.8, 1 + 4 * spread
    row = {"ratio": ratio, "low": ratio / (1 + spread), "high": ratio * (1 + spread)}
    row |= {"typical_ratio": typical, "typical_low": typical / wide, "typical_high": typical * wide}
    row |= {"sittings": sittings, "baseline_sittings": sittings, "processes": 6.0 * sittings}
    row |= {"p": p, "p_adjusted": p, "smallest_difference": 3 * spread, "sittings_needed": 4.0}
    equal = row["low"] > 1 - EQUAL_WITHIN and row["high"] < 1 + EQUAL_WITHIN
    verdict = ratios.FASTER if ratio > 1 else ratios.SLOWER
    if p >= ALPHA:
        verdict = ratios.equal_within(EQUAL_WITHIN) if equal else ratios.ALIKE
    return row | {"verdict": verdict}


def _machines(names: list[str], with_gpu: set[str], sittings: int) -> DataFrame:
    return DataFrame(
        {
            "machine": names,
            "baseline": [name == names[0] for name in names],
            "hardware": names,
            "bundle": [f"machine={name}" for name in names],
            **{key: f"{key[0]}" * 64 for key in ("manifest_sha256", "source_sha256")},
            **{"lock_sha256": "c" * 64, "rnnbench": "0.1.0", "files": 20, "bytes": 123456},
            **{"points": 14, "measured": 14, "runs": 8, "sittings": sittings},
            **{"first_sitting": "2026-11-29T09:00:00", "last_sitting": "2026-11-29T15:00:00"},
            **{"processes_sharing_a_core": 3, "taken_by_others": 0.12},
            **{"cpu_model": [f"Maker {k}" for k in range(len(names))]},
            **{"usable_cores": "2", "memory_gib": "16", "system": "Linux", "python": "3.11.7"},
            "gpus": ["Maker GPU" if name in with_gpu else "none" for name in names],
            **{"torch": "2.13.0", "doubts": "unknown", "over_time": "False"},
            **{"load_average_before": "0.1", "load_average_after": "1.0"},
        }
    )


def _comparison(names: list[str], with_gpu: set[str], sittings: int) -> DataFrame:
    rows = []
    ways = list(product(WORK, ("cpu", "cuda"), POLICIES))
    for k, machine in enumerate(names[1:], 1):
        for j, ((variant, way), device, policy) in enumerate(ways):
            row = {"baseline": names[0], "machine": machine, "variant": variant, "device": device}
            row |= {"implementation": way, **ADDRESS, "work_sha256": "a" * 64}
            row |= {"threads": POLICIES[policy], "threads_policy": policy}
            row |= {"conditions": "torch_version 2.13.0 against 2.12.0"}
            if device == "cuda":
                lacking = [name for name in (names[0], machine) if name not in with_gpu]
                reason = "; ".join(f"{name}: {NO_CUDA}" for name in lacking)
                row |= {"verdict": ratios.NOT_MEASURED, "reason": reason, "conditions": None}
                row |= {"tokens_per_second": 1e6 if machine in with_gpu else None}
            elif variant == "lstm_scratch":
                reason = "vocab_size 28 against 27"
                row |= {"verdict": ratios.NOT_COMPARABLE, "reason": reason}
            else:
                ratio = (0.8 + 0.05 * ((3 * j) % 9)) * (0.94 + 0.06 * ((5 * k) % 7))
                row |= _measured(ratio, 0.02 + 0.01 * (j % 4), sittings)
                row |= {"tokens_per_second": 1e5 * ratio, "baseline_tokens_per_second": 1e5}
            rows.append(row)
    columns = ["baseline", "machine", "variant", "implementation", "device", "sampler"]
    columns += ["clip_norm", "threads", "baseline_threads", "threads_policy", "dtype", *SIZES]
    speeds = [f"{side}{kind}tokens_per_second" for kind in ("", "typical_") for side in SIDES]
    return DataFrame(rows, columns=[*columns, "work_sha256", *speeds, *MEASUREMENT, "conditions"])


def _overall(comparison: DataFrame) -> DataFrame:
    """Geometric means over everything, by device and threads, and by cell."""
    done = comparison[np.isfinite(comparison.ratio.astype(float))]
    done = done.assign(cell=[presets.of(name).cell for name in done.variant])
    scopes = {"all": [], "device and threads": ["device", "threads_policy"], "cell": ["cell"]}
    rows = []
    for scope, by in scopes.items():
        for names, own in done.groupby(["baseline", "machine", *by], sort=False):
            row = dict(zip(["baseline", "machine", *by], names, strict=True)) | {"scope": scope}
            ratio = float(np.exp(np.log(own.ratio.astype(float)).mean()))
            found = _measured(ratio, 0.02, int(own.sittings.iloc[0]))
            rows.append(row | found | {"pieces": len(own)})
    return DataFrame(rows, columns=OVERALL)


def _best(names: list[str], sittings: int) -> DataFrame:
    rows = []
    for k, (machine, family) in enumerate(product(names, ("rnn", "gru", "lstm"))):
        row = {"baseline": names[0], "machine": machine, "family": family, **ADDRESS}
        way = {"variant": family, "implementation": "fused", "device": "cpu", "threads": 2.0}
        way |= {"tokens_per_second": 1e5 * (k + 1), "candidates": 4}
        row |= way | {f"baseline_{name}": value for name, value in way.items()}
        measured = _measured(0.8 + 0.15 * (k % 7), sittings=sittings)
        rows.append(row | ({"verdict": best.BASELINE} if machine == names[0] else measured))
    way = ["variant", "implementation", "device", "threads", "tokens_per_second", "candidates"]
    columns = ["baseline", "machine", "family", *ADDRESS, *(f"baseline_{name}" for name in way)]
    return DataFrame(rows, columns=[*columns, *way, *MEASUREMENT, "conditions"])


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
    rows = []
    for k, (name, threads) in enumerate(product(names, POLICIES.values())):
        row = {"machine": name, "variant": "gru", "implementation": "fused", "device": "cpu"}
        row |= {"threads": threads, **ADDRESS, "ratio": 1.01, "high": 1.05}
        row |= {"low": 0.97 if k % 20 else 1.002, "holds_1": bool(k % 20)}
        rows.append(row | {"processes": 6, "sittings": 1})
    return DataFrame(rows)


def _limits(names: list[str], with_gpu: set[str]) -> DataFrame:
    rows = []
    for k, (name, work, device) in enumerate(product(names, WORK, ("cpu", "cuda"))):
        row = {"machine": name, "device": device, "threads": 1.0, **ADDRESS, **_named(work)}
        if device == "cpu" or name in with_gpu:
            share = 0.2 + 0.05 * (k % 13)
            row |= {"tokens_per_second": 1e5, "low": 9e4, "high": 1.1e5, "sittings": 2}
            row |= {"share_of_limit": share, "share_of_roofline": share / 2, "status": MEASURED}
        else:
            row |= {"status": "not available here", "reason": NO_CUDA}
        rows.append(row)
    return DataFrame(rows).reindex(columns=[*dict.fromkeys([*rows[0], *SPEED]), "reason"])


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
        own = {"machine": name, "verdict": ratios.NOT_MEASURED, "region": "unknown", **ADDRESS}
        if name not in with_gpu:
            rows.append(own | {"reason": NO_CUDA})
            continue
        for variant, hidden, batch in product(("rnn", "gru"), (64.0, 256.0, 1024.0), (8.0, 32.0)):
            ratio = 0.3 * hidden * batch / 2048
            bound = "launch-bound" if hidden < 256 else "compute-bound"
            row = own | {"variant": variant, "hidden_size": hidden, "batch_size": batch}
            rows.append(row | _measured(ratio) | {"region": bound})
    columns = ["machine", "variant", "implementation", *ADDRESS, *MEASUREMENT, "region"]
    return DataFrame(rows, columns=columns)


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
    kept = {"verdict", "baseline", "differs", "scope", "holds_1"}
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
