"""What a job read and wrote, hash by hash, and where: a record beside the results for each job.

The record of a job is ``provenance/<its first output>.json`` in the folder of results. Inputs are
hashed before the job begins, since what it read is what lay there then; outputs when it has ended.
Files that a job reads from outside the study are named by its parameter ``reads``.
In this order: the record of an earlier job of that name goes, the inputs are hashed, the job runs,
the outputs are hashed, the record is written whole. A job that fails leaves none.

Nothing in a record tells whose machine it was: a file outside the working folder has its own name
and a part of its hash, and so has every path among the parameters.
"""

import hashlib
import math
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnbench.base.files import digest_of, now, write_record
from rnnbench.base.paths import inside
from rnnbench.machine import identity
from rnnbench.training.arithmetic import determinism

RESULTS, FOLDER = "results", "provenance"
LOCK = "requirements.lock"
SEEDS = ("seed", "seeds")
Entry = dict[str, Any]


class Job:
    """A job of the workflow on its way, as Snakemake describes it to a script.

    Args:
        described: the object ``snakemake`` of the script.
        started: when its process began, UTC, ISO 8601.
    """

    def __init__(self, described: Any, started: str):
        self.described, self.started = described, started
        self.noted: dict[str, Any] = {}  # what the script itself has to tell
        self.inputs = entries([*described.input, *described.params.get("reads", ())])

    @property
    def path(self) -> Path:
        """Where the record of the job lies."""
        return path_of(str(self.described.output[0]))

    @property
    def lock_sha256(self) -> str:
        """Digest of the lock of the environment."""
        return _of_file(Path(self.described.scriptdir).resolve().parents[2] / LOCK)["sha256"]

    @property
    def given(self) -> dict[str, str]:
        """What the flat record of a run tells of its surroundings: the lock, each named input."""
        named = self.described.input.items()
        read = {f"{name}_sha256": self.inputs[str(path)]["sha256"] for name, path in named}
        return {"lock_sha256": self.lock_sha256, **read}

    def record(self) -> dict[str, Any]:
        """The record of the job, now that it has ended.

        ``inputs`` and ``outputs``: path -> ``sha256``, ``bytes``; ``environment``: digest of the
        lock, versions of Python and of the libraries that were loaded; ``numerics_id``: only of a
        job that loaded torch; ``started`` and ``ended``: UTC, ISO 8601.
        """
        described = self.described
        wildcards, params = dict(described.wildcards.items()), dict(described.params.items())
        return {
            "rule": described.rule,
            "wildcards": told(wildcards),
            "params": told(params),
            "inputs": self.inputs,
            "outputs": entries(described.output),
            "environment": {"lock_sha256": self.lock_sha256, **environment()},
            "threads": described.threads,
            "seeds": sorted(set(seeds([wildcards, params]))),
            "machine": identity.name(),
            "determinism": determinism.settings(),
            **_numerics(),
            **self.noted,
            "started": self.started,
            "ended": now(),
        }


@contextmanager
def kept(described: Any, started: str) -> Iterator[Job]:
    """Yield the job that the block does, begun at ``started``; write its record when it is done.

    A job without outputs, which leaves nothing that could be followed, has no record.
    """
    if described.output:
        path_of(str(described.output[0])).unlink(missing_ok=True)
    job = Job(described, started)
    yield job
    if described.output:
        write_record(job.path, job.record())


def path_of(output: str) -> Path:
    """Where the record lies of the job whose first output is ``output``."""
    return Path(RESULTS, FOLDER, f"{output.removeprefix(f'{RESULTS}/')}.json")


def entries(paths: Iterable[str | Path]) -> dict[str, Entry]:
    """Path as it is told -> SHA-256 and size of each file, in the order given.

    A folder counts as the listing of its files: its SHA-256 is that of their names and hashes.
    """
    found = {}
    for path in map(Path, dict.fromkeys(map(str, paths))):
        entry = _of_folder(path) if path.is_dir() else _of_file(path)
        name = inside(path)
        found[name or f"{path.name}#{entry['sha256'][:12]}"] = entry
    return found


def told(value: Any) -> Any:
    """A value as JSON can say it, without the folders of paths that lead out of the working one."""
    if isinstance(value, Mapping):
        return {str(key): told(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [
            told(part) for part in (value if isinstance(value, list | tuple) else sorted(value))
        ]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = str(value)
    if text.startswith(("/", "~", "../")):
        return inside(text) or Path(text).name
    return text


def seeds(value: Any) -> Iterator[int]:
    """Every seed that parameters name, however deep."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            named = part if isinstance(part, list | tuple) else [part]
            whole = key in SEEDS and all(str(one).isdigit() for one in named)
            yield from map(int, named) if whole else seeds(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from seeds(part)


def environment() -> dict[str, Any]:
    """Versions of Python and of the libraries that are loaded, as they tell them themselves."""
    top = {name for name in sys.modules if "." not in name and not name.startswith("_")}
    told = {  # not by getattr: some warn when they are asked so
        name: getattr(sys.modules[name], "__dict__", {}).get("__version__")
        for name in sorted(top - sys.stdlib_module_names)
    }
    libraries = {name: version for name, version in told.items() if isinstance(version, str)}
    return {"python": platform.python_version(), "libraries": libraries}


def _numerics() -> dict[str, str]:
    """The numerics id of a job that has torch; to load it for the sake of that would be waste."""
    if "torch" not in sys.modules:
        return {}
    from rnnbench.training.arithmetic import numerics

    return {"numerics_id": numerics.identify()}


def _of_file(path: Path) -> Entry:
    return {"sha256": digest_of(path), "bytes": path.stat().st_size}


def _of_folder(path: Path) -> Entry:
    files = {p.relative_to(path).as_posix(): _of_file(p) for p in path.rglob("*") if p.is_file()}
    listing = "".join(f"{files[name]['sha256']}  {name}\n" for name in sorted(files))
    total = sum(entry["bytes"] for entry in files.values())
    return {"sha256": hashlib.sha256(listing.encode()).hexdigest(), "bytes": total}
