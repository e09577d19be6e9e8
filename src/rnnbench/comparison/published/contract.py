"""When two timings are of the same work, and what else about them must be told.

A point of one machine is compared with a point of another only if every field of WORK is equal;
else it is refused, and the fields are named. Fields of CONDITIONS may differ: they are labels of
the comparison. So may fields that a study declares to vary, as long as they are known. What a
bundle does not tell is unknown, and unknown never equals anything, not even itself.

The source of a timed step is a condition: an edit of it need not change what is done. Where one
does, the number of the protocol is raised (:mod:`rnnbench.timing.processes`).
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rnnbench.base import plugins
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import SIZES, TIMED, TimingConfig, path_value
from rnnbench.machine import fingerprint

UNKNOWN = "unknown"
ALL = "all"
LONGEST = 40  # characters of a value that are told
HOW = ("process", "warmup_seconds", "timed_seconds")  # a point is timed
TIMING: dict[str, Any] = {
    field.name: field.type for field in dataclasses.fields(TimingConfig) if field.name not in HOW
}
KEY = {  # what is timed, as the study asks for it: points of two machines meet by these
    **{name: TIMING[name] for name in (*TIMED, *SIZES) if name not in ("machine", "threads")},
    "threads_policy": str,
}
WORK = KEY | {
    **{name: kind for name, kind in TIMING.items() if name not in (*TIMED, *SIZES)},
    **{"tokens_sha256": str, "vocab_size": int, "optimiser": str, "protocol": int},
}
FORMER = 1  # the protocol of bundles that tell the digest of their source and no number of it
CONDITIONS = (
    *("source_sha256", "torch_version", "threads", *HOW[1:]),
    *("numerics_id", "rnnbench", "python", "libc", "blas", "blas_version"),
    *("mkldnn_version", "cpu_capability", "openmp", "denormals", "torch_cuda", "cudnn"),
    *("gpu_driver", "cpu_governor", "turbo", "smt", "transparent_hugepages", "hypervisor"),
    *("float32_matmul_precision", "tf32_matmul", "tf32_cudnn"),
)
SUMMARIES = ("machine", "ran_on", "numerics_id", "torch", "torch_build")  # of other fields
Point = Mapping[str, Any]  # field -> value: those of the timing, and of the machine around it


@dataclass(frozen=True)
class Terms:
    """On what terms machines are compared."""

    equal_within: float  # share within which two speeds are equal
    vary: tuple[str, ...] = ()  # fields that may differ on purpose


def fields() -> list[str]:
    """What may be declared to vary: all but what points meet by, and sums of other fields."""
    told = [n for n, field in fingerprint.fields().items() if field["group"] != "Conditions"]
    found = dict.fromkeys([*WORK, *CONDITIONS, *told])
    return [name for name in found if name not in (*KEY, *SUMMARIES)]


def check(names: Iterable[str]) -> None:
    """Hold names that are declared to vary against those that can be.

    Raises:
        StudyError: a name is none of them.
    """
    for name in names:
        if name in KEY:
            raise StudyError(
                f"hardware.vary: expected a field that points are not matched by, found {name}. "
                f"Points with another {name} are other pieces of work; take it out."
            )
        if name not in (known := fields()):
            raise StudyError(f"hardware.vary: unknown name {name!r}; {plugins.among(name, known)}")


def point(row: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a row of the table ``speed`` over the facts of its machine; empty cells hide nothing."""
    return {**facts, **{name: value for name, value in row.items() if not missing(value)}}


def policies(timed: Point) -> list[str]:
    """Policies of threads that a point follows: its number, and ``all`` if it used every core."""
    threads, cores = (_typed(int, timed.get(name)) for name in ("threads", "usable_cores"))
    return [str(threads), ALL] if threads == cores != UNKNOWN else [str(threads)]


def work(timed: Point, policy: str) -> dict[str, Any]:
    """The fields of WORK of a point under one of its policies of threads."""
    former = {} if missing(timed.get("source_sha256")) else {"protocol": FORMER}
    values = {**former, **timed, "threads_policy": policy}
    return {name: _typed(kind, values.get(name)) for name, kind in WORK.items()}


def work_sha256(fields: Mapping[str, Any]) -> str:
    """SHA-256 of the fields of WORK, or ``unknown`` if one of them is."""
    if UNKNOWN in fields.values():
        return UNKNOWN
    plain = {name: str(path_value(fields[name])) for name in sorted(fields)}
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def refusal(
    above: Mapping[str, Any],
    below: Mapping[str, Any],
    free: Collection[str] = (),
    names: Iterable[str] = WORK,
) -> str:
    """Say which fields keep two points from being compared; those ``free`` may differ."""
    pairs = {name: (above[name], below[name]) for name in names}
    found = {
        name: pair
        for name, pair in pairs.items()
        if UNKNOWN in pair or (pair[0] != pair[1] and name not in free)
    }
    return "; ".join(_against(name, *pair) for name, pair in found.items())


def declared(above: Point, below: Point, vary: Iterable[str]) -> list[str]:
    """Say in which of the fields that may vary two points differ."""
    pairs = {name: (told(above.get(name)), told(below.get(name))) for name in vary}
    return [_against(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def labels(above: Point, below: Point, vary: Collection[str] = ()) -> str:
    """Say what differs between two points as declared, which CONDITIONS do, and which neither
    bundle tells."""
    values = {n: (told(above.get(n)), told(below.get(n))) for n in CONDITIONS if n not in vary}
    differing = {name: pair for name, pair in values.items() if pair[0] != pair[1]}
    silent = [name for name, pair in values.items() if set(pair) == {UNKNOWN}]
    source = differing.pop("source_sha256", None)  # of two digests a reader learns that they differ
    words = [f"{said}, declared" for said in declared(above, below, vary)]
    words += ["source_sha256 differs"] * bool(source)
    words += [_against(name, *pair) for name, pair in differing.items()]
    return "; ".join(words + [f"not recorded: {', '.join(silent)}"] * bool(silent))


def missing(value: Any) -> bool:
    """Whether a cell is empty, or says that nothing is known."""
    return value is None or value != value or value == UNKNOWN


def _against(name: str, above: Any, below: Any) -> str:
    return f"{name} {short(above)} against {short(below)}"


def short(value: Any) -> str:
    """A value as it is told, long ones by their beginning."""
    text = str(path_value(value))
    return text if len(text) <= LONGEST else text[:12] + "…"


def told(value: Any) -> str:
    """A value as text: a number is the same however it was written."""
    if missing(value):
        return UNKNOWN
    number = _typed(float, value)
    return str(value) if number == UNKNOWN else path_value(number)


def _typed(kind: type, value: Any) -> Any:
    """The value as its field's type; what is none of that type is unknown."""
    if missing(value):
        return UNKNOWN
    if kind is str:
        return str(value)
    try:
        found = kind(float(value))
        return found if found == float(value) else UNKNOWN
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN
